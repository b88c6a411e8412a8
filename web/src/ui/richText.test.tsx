import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { parseRich, plainOf, RichText } from "./richText";

describe("sentences with emphasis", () => {
  it("marks what is strong, bad and good", () => {
    expect(parseRich("订单 **55** 台，比进度**-少 5 台**，成交率**+高 2 点**。")).toEqual([
      { text: "订单 ", mark: "none" },
      { text: "55", mark: "strong" },
      { text: " 台，比进度", mark: "none" },
      { text: "少 5 台", mark: "bad" },
      { text: "，成交率", mark: "none" },
      { text: "高 2 点", mark: "good" },
      { text: "。", mark: "none" },
    ]);
  });
  it("an unclosed mark stays text, an empty one too", () => {
    expect(plainOf("2 ** 3")).toBe("2 ** 3");
    expect(plainOf("a **** b")).toBe("a **** b");
    expect(parseRich("")).toEqual([]);
  });
  it("a name is never markup", () => {
    const { container } = render(<RichText text={"**<img src=x>** <b>x</b>"} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.querySelectorAll("b")).toHaveLength(1);
    expect(container.textContent).toBe("<img src=x> <b>x</b>");
  });
});
