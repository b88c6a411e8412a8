import { act, render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { defineTexts, pick, rich, setLanguage, text, unmarked, useTexts } from "./index";

const texts = defineTexts("test", {
  title: { zh: "销售看板", en: "Sales dashboard" },
  rows: { zh: "{n} 行", en: { one: "{n} row", other: "{n} rows" } },
  dotted: { zh: "a.b: {name}", en: "a.b: {name}" },
});

it("texts follow the language, with the English plural chosen by count", () => {
  function Words() {
    const t = useTexts(texts);
    return <p>{[t("title"), t("rows", { n: "1", count: 1 }), t("rows", { n: "4,773", count: 4773 })].join(" | ")}</p>;
  }
  setLanguage("zh");
  render(<Words />);
  expect(screen.getByText("销售看板 | 1 行 | 4,773 行")).toBeVisible();
  expect(document.documentElement.lang).toBe("zh-CN");
  act(() => setLanguage("en"));
  expect(screen.getByText("Sales dashboard | 1 row | 4,773 rows")).toBeVisible();
  expect(document.documentElement.lang).toBe("en");
});

it("values go in as they are: no HTML escaping, no further substitution", () => {
  expect(text(texts, "dotted", { name: "<b>A & B</b> {n}" })).toBe("a.b: <b>A & B</b> {n}");
});

it("marks become emphasis, everything else stays text", () => {
  const { container } = render(<p>{rich("少 **-5 台**，成交 **+25%**，<i>看</i> **集客** 2 ** 3")}</p>);
  expect(container.textContent).toBe("少 5 台，成交 25%，<i>看</i> 集客 2 ** 3");
  expect([...container.querySelectorAll("b")].map((b) => [b.className, b.textContent])).toEqual([["bad", "5 台"], ["good", "25%"], ["", "集客"]]);
  expect(unmarked("少 **-5 台**，**集客**")).toBe("少 5 台，集客");
});

it("a bilingual text falls back to the other language", () => {
  expect(pick({ zh: "订单", en: "" }, "en")).toBe("订单");
  expect(pick(null, "zh")).toBe("");
});
