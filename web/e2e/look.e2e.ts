import axe from "axe-core";
import { describe, expect, it } from "vitest";
import { open, settled, signedIn, visit } from "./browser";

// Every page in both languages: fit for who cannot see, and nothing cut off.

const kPages = [
  "/dashboard",
  "/dashboard?basis=cohort&vs=previous",
  "/explore",
  "/explore?v=close_rate&v=deal_amt&row=staff&col=&chart=table",
  "/handbook",
  "/handbook/close_rate",
  "/customers",
  "/leads",
  "/spot-checks",
  "/privacy",
  "/privacy?view=retention",
  "/privacy?view=recipients",
  "/import",
  "/admin/org",
  "/admin/kpis",
  "/admin/readings",
  "/security",
  "/admin/accounts",
  "/admin/accounts/import",
  "/admin/tokens",
  "/admin/audit",
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
    // Nothing, or there for screen readers only.
    if (style.visibility === "hidden" || style.display === "none" || element.clientWidth <= 1 || element.clientHeight <= 1) continue;
    const over = element.scrollWidth - element.clientWidth;
    if (over <= 1 || style.display === "inline") continue;
    // What is shortened by an ellipsis must be readable in full some other way.
    const shortened = style.textOverflow === "ellipsis" && (element.title !== "" || element.closest("[title], [data-state], [aria-label]"));
    const scrolls = ["auto", "scroll"].includes(style.overflowX);
    if (!shortened && !scrolls) out.push(`${element.tagName.toLowerCase()}.${element.className} “${(element.textContent ?? "").trim().slice(0, 40)}” by ${String(over)} px`);
  }
  return out;
}

describe.each([{ language: "zh" as const }, { language: "en" as const }])("$language", (look) => {
  it("axe finds nothing in light and dark, no text is cut at 1440, 1200 and 390 px, the console is silent, no request leaves", { timeout: 600_000 }, async () => {
    const { page, context, complaints } = await signedIn(look);
    const found: string[] = [];
    const both = async (where: string) => {
      for (const theme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme: theme });
        found.push(...(await axeFindings(page)).map((finding) => `${where}, ${theme}: ${finding}`));
      }
      await page.emulateMedia({ colorScheme: "light" });
    };
    for (const path of kPages) {
      await open(page, path);
      for (const width of [1440, 1200, 390]) {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        await settled(page);
        found.push(...(await page.evaluate(cutTexts)).map((text) => `${path} at ${String(width)} px: ${text}`));
        if (width !== 1200) await both(`${path} at ${String(width)} px`);
      }
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    await context.close();

    const before = await visit(look);
    await before.page.goto("/");
    await before.page.locator("form").waitFor();
    found.push(...(await axeFindings(before.page)).map((finding) => `sign-in: ${finding}`));
    found.push(...(await before.page.evaluate(cutTexts)).map((text) => `sign-in: ${text}`));
    await before.context.close();
    expect(found).toEqual([]);
    expect([...complaints, ...before.complaints]).toEqual([]);
  });
});
