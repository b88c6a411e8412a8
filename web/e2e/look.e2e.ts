import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { open, signedIn, visit, type Look } from "./browser";

// Every page in both languages: fit for who cannot see, and nothing cut off.

const kPages = [
  "/dashboard",
  "/dashboard?basis=cohort&vs=previous",
  "/explore",
  "/explore?v=close_rate&v=deal_amt&row=staff&col=&chart=table",
  "/handbook",
  "/handbook/close_rate",
  "/import",
  "/admin/org",
  "/admin/kpis",
  "/admin/readings",
  "/admin/accounts",
  "/admin/tokens",
  "/admin/about",
];

async function axeFindings(page: import("playwright-core").Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const results = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
    });
    return results.violations.flatMap((violation) =>
      violation.nodes.slice(0, 3).map((node) => `${violation.id}: ${node.target.join(" ")} ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`),
    );
  });
}

/** Texts that stand out of their box: cut without a way to read them, or wider than the window. */
function cutTexts(): string[] {
  const out: string[] = [];
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 1) out.push(`the page is ${String(wide)} px wider than the window`);
  for (const element of document.querySelectorAll<HTMLElement>("body *")) {
    if (element.closest("svg, [aria-hidden=true], .sr-only, [hidden]")) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? "").trim() !== "")) continue;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden" || style.display === "none" || element.clientWidth === 0) continue;
    const over = element.scrollWidth - element.clientWidth;
    if (over <= 1 || style.display === "inline") continue;
    // What is shortened by an ellipsis must be readable in full some other way.
    const shortened = style.textOverflow === "ellipsis" && (element.title !== "" || element.closest("[title], [data-state], [aria-label]"));
    const scrolls = ["auto", "scroll"].includes(style.overflowX);
    if (!shortened && !scrolls) out.push(`${element.tagName.toLowerCase()}.${element.className} “${(element.textContent ?? "").trim().slice(0, 40)}” by ${String(over)} px`);
  }
  return out;
}

const kLooks: Look[] = (["zh", "en"] as const).flatMap((language) => (["light", "dark"] as const).map((theme) => ({ language, theme })));

describe.each(kLooks)("$language $theme", (look) => {
  it("axe finds nothing, the console is silent, no request leaves", async () => {
    const { page, context, complaints } = await signedIn(look);
    const found: string[] = [];
    for (const path of kPages) {
      await open(page, path);
      found.push(...(await axeFindings(page)).map((finding) => `${path}: ${finding}`));
    }
    await context.close();
    const before = await visit(look);
    await before.page.goto("/");
    await before.page.locator("form").waitFor();
    found.push(...(await axeFindings(before.page)).map((finding) => `sign-in: ${finding}`));
    await before.context.close();
    expect(found).toEqual([]);
    expect([...complaints, ...before.complaints]).toEqual([]);
  });
});

describe.each([
  { language: "zh" as const, width: 390 },
  { language: "zh" as const, width: 1200 },
  { language: "zh" as const, width: 1440 },
  { language: "en" as const, width: 390 },
  { language: "en" as const, width: 1200 },
  { language: "en" as const, width: 1440 },
])("$language at $width px", (look) => {
  it("no text is cut and no page is wider than the window", async () => {
    const { page, context } = await signedIn(look);
    const found: string[] = [];
    for (const path of kPages) {
      await open(page, path);
      found.push(...(await page.evaluate(cutTexts)).map((text) => `${path}: ${text}`));
    }
    await context.close();
    expect(found).toEqual([]);
  });
});
