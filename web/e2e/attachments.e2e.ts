import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { open, settled, signedIn } from "./browser";

// Files of a customer: added, refused, looked at for a reason, renamed, removed and had back.

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const pdf = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");

interface Org {
  dealers: { id: string; staff: { id: string; left: boolean }[] }[];
}

/** As the page itself would ask. */
async function ask<T>(page: Page, method: string, path: string, body?: unknown, version?: number): Promise<T> {
  return page.evaluate(
    async ([how, where, what, known]) => {
      const { csrf } = (await (await fetch("/api/v1/session")).json()) as { csrf: string };
      const answer = await fetch(where as string, {
        method: how as string,
        headers: { "X-CSRF-Token": csrf, ...(what === undefined ? {} : { "Content-Type": "application/json" }), ...(known === undefined ? {} : { "If-Match": `W/"${String(known)}"` }) },
        ...(what === undefined ? {} : { body: JSON.stringify(what) }),
      });
      if (!answer.ok) throw new Error(`${where as string} ${String(answer.status)} ${await answer.text()}`);
      return (answer.status === 204 ? undefined : await answer.json()) as never;
    },
    [method, path, body, version] as const,
  );
}

async function customerPage(page: Page, phone: string): Promise<{ dealer: string; id: string; lead: string }> {
  await open(page, "/customers");
  const org = await ask<Org>(page, "GET", "/api/v1/org");
  const dealer = org.dealers[0]!;
  const staff = dealer.staff.find(({ left }) => !left)!;
  const made = await ask<{ id: string; lead: string }>(page, "POST", `/api/v1/customers?dealer=${dealer.id}`, {
    record: { name: "司马光", phone },
    owner: staff.id,
    lead: { source: "walk_by", model: "GTX" },
  });
  await open(page, `/customers/${made.id}?scope=dealer:${dealer.id}`);
  return { dealer: dealer.id, ...made };
}

it("a photo is added, opened for a reason that stands in the audit log, described, removed and had back", { timeout: 120_000 }, async () => {
  const { page, complaints } = await signedIn({ language: "en" });
  const { dealer, id } = await customerPage(page, "13711110001");
  const panel = page.getByRole("region", { name: "Attachments" });
  await panel.getByText("No attachments yet.").waitFor();

  const chooser = panel.locator("input[type=file][multiple]");
  await chooser.setInputFiles([
    { name: "驾驶证.png", mimeType: "image/png", buffer: png },
    { name: "logo.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>") },
    { name: "quotation.pdf", mimeType: "application/pdf", buffer: pdf },
    { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) },
  ]);
  await panel.getByText("There is nothing in the file.").waitFor();
  await panel.getByText("such files are not kept").waitFor();
  await panel.getByRole("button", { name: "Open quotation.pdf" }).waitFor();
  for (let left = 2; left > 0; left--) await panel.getByRole("button", { name: "Leave it" }).first().click();
  await panel.getByText("2 files").waitFor();

  // Once for the page a reason is chosen; the picture is shown from what was fetched.
  await panel.getByRole("button", { name: "Open 驾驶证.png" }).click();
  await page.getByRole("menuitem", { name: "To write a contract" }).click();
  const picture = page.getByRole("img", { name: "驾驶证.png" });
  await picture.waitFor();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  expect(saved.suggestedFilename()).toBe("驾驶证.png");
  expect(readFileSync(await saved.path())).toEqual(png);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).last().click();
  const [quotation] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "Open quotation.pdf" }).click()]);
  expect(readFileSync(await quotation.path())).toEqual(pdf);

  await panel.getByRole("button", { name: "More for 驾驶证.png" }).click();
  await page.getByRole("menuitem", { name: "Rename or describe" }).click();
  await page.getByLabel("Name", { exact: true }).fill("licence, front");
  await page.getByLabel("Description").fill("original seen");
  await page.getByRole("button", { name: "Save" }).click();
  await panel.getByRole("button", { name: "Open licence, front.png" }).waitFor();
  await panel.getByText("original seen").waitFor();

  // By the keyboard alone; taken back by the word at the edge of the screen, and then from the list.
  const remove = async () => {
    await panel.getByRole("button", { name: "More for licence, front.png" }).focus();
    await page.keyboard.press("Enter");
    // The keys are for whoever has the focus: first the menu has to take it.
    await page.locator("[role=menuitem]:focus").waitFor();
    await page.keyboard.press("End");
    await page.locator("[role=menuitem]:focus", { hasText: "Remove" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("licence, front.png is removed.").waitFor();
  };
  await remove();
  await page.getByRole("button", { name: "Undo" }).click();
  await panel.getByText("2 files").waitFor();
  await remove();
  await panel.getByText("Removed lately (1)").click();
  await panel.getByRole("button", { name: "Restore licence, front.png" }).click();
  await panel.getByText("2 files").waitFor();

  const audit = await ask<{ records: { act: string; object: string; detail: Record<string, unknown> }[] }>(page, "GET", "/api/v1/audit?act=attachment.read");
  const looks = audit.records.filter(({ detail }) => detail.of === `customer:${id}`);
  expect(looks.map(({ detail }) => detail.reason)).toEqual(["contract", "contract"]);
  expect(JSON.stringify(audit)).not.toContain("驾驶证");
  await settled(page);
  expect(complaints).toEqual([]);
  expect(dealer).not.toBe("");
});

it("what must be kept is not removed, and why is said in the language of the page", { timeout: 120_000 }, async () => {
  const { page } = await signedIn({ language: "zh" });
  const { dealer, id } = await customerPage(page, "13711110003");
  const panel = page.getByRole("region", { name: "附件" });
  await panel.locator("input[type=file][multiple]").setInputFiles([{ name: "合同.pdf", mimeType: "application/pdf", buffer: pdf }]);
  await panel.getByRole("button", { name: "查看 合同.pdf" }).waitFor();
  await ask(page, "PUT", `/api/v1/customers/${id}/hold?dealer=${dealer}`, { reason: "dispute" }, 0);
  const remove = async () => {
    await panel.getByRole("button", { name: "合同.pdf的更多操作" }).click();
    await page.getByRole("menuitem", { name: "移除" }).click();
  };
  await remove();
  await panel.getByText("该客户的文件依法保留（纠纷或诉讼），暂不能移除。").waitFor();
  await panel.getByRole("button", { name: "查看 合同.pdf" }).waitFor();
  await ask(page, "DELETE", `/api/v1/customers/${id}/hold?dealer=${dealer}`, undefined, 1);
  await remove();
  await page.getByText("已移除合同.pdf。").waitFor();
  expect(await panel.getByText("依法保留").count()).toBe(0);
});

it("files are dropped on the panel, given to a lead, and go with the customer's data", { timeout: 120_000 }, async () => {
  const { page, complaints } = await signedIn({ language: "zh" });
  const { dealer, id } = await customerPage(page, "13711110002");
  const panel = page.getByRole("region", { name: "附件" });
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
    return transfer;
  }, [...png]);
  await panel.dispatchEvent("dragover", { dataTransfer: data });
  await page.getByText("松开，添加到这位客户").waitFor();
  await panel.dispatchEvent("drop", { dataTransfer: data });
  // Cameras name all alike: the time tells them apart.
  await panel.getByRole("button", { name: /查看 \d{4}-\d\d-\d\d \d{6}\.png/ }).waitFor();

  const [choose] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "给这条线索添加文件" }).click()]);
  await choose.setFiles({ name: "报价单.pdf", mimeType: "application/pdf", buffer: pdf });
  await panel.getByText("报价单.pdf").waitFor();
  await panel.getByText("2 个文件").waitFor();
  expect(await panel.getByText("线索", { exact: true }).count()).toBe(1);

  const request = await ask<{ id: string }>(page, "POST", `/api/v1/customers/${id}/requests?dealer=${dealer}`, { kind: "erasure", way: "phone" });
  for (const [step, body] of [
    ["check", { identity: "known", scope: "all" }],
    ["finish", undefined],
  ] as const) {
    await page.evaluate(
      async ([where, what, version]) => {
        const { csrf } = (await (await fetch("/api/v1/session")).json()) as { csrf: string };
        const answer = await fetch(where, {
          method: "POST",
          headers: { "X-CSRF-Token": csrf, "If-Match": `W/"${version}"`, ...(what ? { "Content-Type": "application/json" } : {}) },
          ...(what ? { body: what } : {}),
        });
        if (!answer.ok) throw new Error(await answer.text());
      },
      [`/api/v1/privacy/requests/${request.id}/${step}?dealer=${dealer}`, body ? JSON.stringify(body) : "", step === "check" ? "1" : "2"] as const,
    );
  }
  await page.reload();
  await panel.getByText("还没有附件。").waitFor();
  expect(await panel.getByRole("button", { name: "添加文件" }).count()).toBe(0);
  await settled(page);
  expect(complaints).toEqual([]);
});
