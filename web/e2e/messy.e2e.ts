import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";
import { cli, makeFolder, removeFolder, serve, type Server } from "./server";
import { answer, grid, moved, rows, tile, upload } from "./wizard";
import { workbook, type Cell } from "./workbook";

// What lies about in a showroom: a visitors' book in Excel, from upload to its figures and back, by clicks alone.

const headers = ["登记号", "来店日期", "客户姓名", "手机", "来店方式", "信息来源", "意向车型", "接待顾问", "是否试驾", "成交日期", "成交价（万）", "备注"];
const phones = ["13812342071", "13912345678", "13700001111", "15866667777", "18899990000", "17712344321", "13355556666"];
const book: Cell[][] = [
  ["城西店来店登记表"],
  ["2025 年 9 月　填表：前台"],
  headers,
  ["DJ-0901", { day: "2025-09-15" }, "陈女士", 13812342071, "来店", "路过", "远途X7", "张三", "是", { day: "2025-09-18" }, 18.98, ""],
  ["DJ-0902", "2025/9/17 10:24", "李先生", "139 1234 5678", "来电", "朋友介绍", "远途X5", "李四", "否", null, null, ""],
  ["DJ-0903", "2025年9月17日", "王先生", "13700001111", "来店", "老客户介绍", "远途X7", "欧阳明华", "是", "2025.9.20", "22.5", ""],
  ["DJ-0904", "2025-9-31", "赵女士", "158-6666-7777", "来店", "路过", "远途X5", "李四", "否", null, null, ""],
  ["DJ-0905", { day: "2025-09-21", hours: 15.5 }, "孙先生", 18899990000, "来店", "路过", "远途X7", "欧阳名华", "是", { day: "2025-09-27" }, "20.1", ""],
  ["DJ-0901", "2025/9/22", "周女士", "17712344321", "来店", "路过", "远途X5", "李四", "否", null, null, ""],
  ["DJ-0906", "2025/9/23", "吴先生", "+86 13355556666", "来店", "路过", "远途X7", "张三", "否", "2025/9/28", 205000, ""],
];

let data: string;
let server: Server;
beforeAll(async () => {
  data = makeFolder();
  cli(data, "init");
  server = await serve(data);
});
afterAll(async () => {
  await server.stop();
  removeFolder(data);
});

/** Whether any phone of the file stands in the text, however it is written. */
const told = (text: string) => phones.filter((phone) => text.replaceAll(/[\s-]/g, "").includes(phone));

it("一份乱糟糟的来店登记表：上传、采纳建议、导入、看数、撤销，只用鼠标", async () => {
  const { page, context, complaints } = await signedIn({ language: "zh" }, server.url);
  const answers: Promise<string>[] = [];
  page.on("response", (response) => {
    if (response.headers()["content-type"]?.includes("json")) answers.push(response.text().catch(() => ""));
  });
  const unmasked = (page: Page) =>
    page.evaluate(() => [document.documentElement.outerHTML, ...[...document.querySelectorAll("input, textarea")].map((field) => (field as HTMLInputElement).value)].join("\n")).then(told);

  // The shop is known, with its consultants and cars, from the month before.
  const { csrf } = (await (await context.request.get("/api/v1/session")).json()) as { csrf: string };
  const seeded = await context.request.post("/api/v1/events", {
    headers: { "x-csrf-token": csrf, origin: server.url },
    data: {
      create_missing: true,
      events: [
        { event: "traffic", at: "2025-08-12", dealer: "城西店", lead: "DJ-0801", staff: "张三", model: "远途X7", key: "1" },
        { event: "traffic", at: "2025-08-13", dealer: "城西店", lead: "DJ-0802", staff: "李四", model: "远途X5", key: "2" },
        { event: "traffic", at: "2025-08-14", dealer: "城西店", lead: "DJ-0803", staff: "欧阳明华", model: "远途X5", key: "3" },
      ],
    },
  });
  expect(seeded.status(), await seeded.text()).toBe(200);

  await open(page, "/import");
  const columns = await upload(
    page,
    "选择文件",
    { name: "来店登记.xlsx", mimeType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", buffer: workbook([{ name: "9月", rows: book, merged: ["A1:L1", "A2:L2"] }]) },
    "列的对应",
  );

  // The header below two merged titles, and what every column means.
  await page.getByText("标题在第 3 行").waitFor();
  const meaning = async (column: string) => (await columns.getByRole("combobox", { name: `“${column}”是什么` }).textContent()) ?? "";
  const meanings = Object.fromEntries(await Promise.all(headers.map(async (header) => [header, await meaning(header)] as const)));
  expect(meanings["接待顾问"]).toBe("顾问");
  expect(meanings["是否试驾"]).toContain("试驾");
  expect(meanings["成交价（万）"]).toContain("成交");
  expect(meanings["手机"]).toBe("不导入");
  expect(meanings["备注"]).toBe("不导入");
  await columns.getByText("138****2071").waitFor();
  expect(await unmasked(page)).toEqual([]);

  // What the program was not sure of is looked at and found right; the shop is the one there is.
  const waiting = columns.getByRole("button", { name: "对的" });
  expect(await waiting.count()).toBeGreaterThan(0);
  while ((await waiting.count()) > 0) await waiting.first().click();
  await page.getByRole("button", { name: "用当前范围：城西店" }).click();
  await page.getByText("列都对上了，试运行看看每一行。").waitFor();
  const row = page.getByRole("region", { name: "一行会变成什么" });
  await row.getByText("189,800 元").waitFor();

  await page.getByRole("button", { name: "试运行", exact: true }).click();
  await page.getByRole("button", { name: "导入 3 行，跳过 4 行", exact: true }).waitFor();
  await settled(page);
  expect([await rows(page, "新增"), await rows(page, "空行"), await rows(page, "拒绝")]).toEqual([3, 0, 4]);

  // Each refused row with its reason, and what may be meant.
  const refused = page.getByRole("table").filter({ has: page.getByRole("columnheader", { name: "为什么不能导入" }) });
  const line = (n: number) => refused.getByRole("row").filter({ has: page.getByRole("button", { name: String(n), exact: true }) });
  expect(await line(7).textContent()).toContain("2025-9-31");
  await line(7).getByRole("button", { name: /^改为 / }).waitFor();
  await line(8).getByRole("button", { name: "是“欧阳明华”吗？" }).waitFor();
  await line(10).getByRole("button", { name: "是“20.5”吗？" }).waitFor();
  expect(await line(9).getByRole("button").count(), "the number of the row only: what is registered twice, a person must decide").toBe(1);
  expect(await unmasked(page)).toEqual([]);

  // One suggestion by itself; then the other two at once. Each is tried at once.
  await line(8).getByRole("button", { name: "是“欧阳明华”吗？" }).click();
  await page.getByRole("button", { name: "导入 4 行，跳过 3 行", exact: true }).waitFor();
  await page.getByRole("button", { name: "采纳全部 2 条建议" }).click();
  await page.getByRole("button", { name: "导入 6 行，跳过 1 行", exact: true }).waitFor();
  await settled(page);
  expect(await refused.getByRole("row").count(), "the header and the row that is left").toBe(2);

  // What is left goes back to the front desk as a file.
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "下载拒绝行" }).click();
  const lines = readFileSync((await (await download).path())!, "utf8").replace(/^\uFEFF/, "").trim().split(/\r?\n/);
  expect(lines).toHaveLength(2);
  for (const header of headers) expect(lines[0]).toContain(header);
  expect(lines[1]).toContain("周女士");

  await page.getByRole("button", { name: "导入 6 行，跳过 1 行", exact: true }).click();
  await page.getByText("导入了 6 行，跳过 1 行。").waitFor();
  await settled(page);
  expect(await moved(page.getByRole("region", { name: "现在能看到" }))).toMatchObject({ traffic_cnt: 6, td_cnt: 3, deal_cnt: 4 });
  expect(await unmasked(page)).toEqual([]);
  const result = page.url();

  await page.getByRole("link", { name: "去看板看这些数字" }).click();
  await page.getByRole("heading", { level: 1, name: "销售看板" }).waitFor();
  await settled(page);
  expect(new URL(page.url()).searchParams.get("period")).toBe("2025-09");
  expect(await tile(page, "主要指标", "订单")).toBe(4);
  expect(await tile(page, "主要指标", "集客量")).toBe(6);
  const dashboard = page.url();
  // In yuan, whatever the file wrote; the consultant with the slip of the pen has his own.
  await open(page, "/explore?v=deal_amt&row=staff&col=&vs=none&chart=table&period=2025-09");
  expect(Object.fromEntries((await grid(page)).map(({ name, values }) => [name, values[0]]))).toEqual({ "欧阳明华 城西店": 426_000, "张三 城西店": 394_800, 合计: 820_800 });

  // And back.
  await open(page, result);
  await page.getByRole("button", { name: "撤销这批导入", exact: true }).click();
  await answer(page, "撤销 6 行");
  await page.getByText("这批导入已撤销。").first().waitFor();
  await open(page, dashboard);
  await page.getByText("2025年9月 这个范围还没有记录。").waitFor();
  await page.getByRole("button", { name: "看 2025年8月" }).click();
  await settled(page);
  expect(await tile(page, "主要指标", "集客量"), "what was there before the import").toBe(3);
  expect(cli(data, "verify")).toMatch(/^Clean: 1 dealers/);

  expect((await Promise.all(answers)).flatMap(told)).toEqual([]);
  expect(complaints).toEqual([]);
});
