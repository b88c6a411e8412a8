import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { open, settled, signedIn, visit } from "./browser";

// Every page: fit for who cannot see, and nothing cut off. Each language is a file of tests, so that both run at the same
// time.

const kPages = [
  "/dashboard",
  "/dashboard?basis=cohort&vs=previous",
  "/explore",
  "/explore?v=close_rate&v=deal_amt&row=staff&col=&chart=table",
  "/handbook",
  "/handbook/close_rate",
  "/customers",
  "/leads",
  "/customers/import",
  "/verify",
  "/spot-checks",
  "/coaching",
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

/** What axe finds. Of what it looks at only the contrast depends on the theme: `contrast` looks at that alone. */
async function axeFindings(page: Page, what: "all" | "contrast" = "all"): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(async (all) => {
    const results = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: all ? { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] } : { type: "rule", values: ["color-contrast"] },
      resultTypes: ["violations"],
    });
    return results.violations.flatMap((violation) =>
      violation.nodes.slice(0, 3).map((node) => `${violation.id}: ${node.target.join(" ")} ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`),
    );
  }, what === "all");
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

export const kPromise = "axe finds nothing in light and dark, no text is cut at 1440, 1200 and 390 px, the console is silent, no request leaves";

export async function lookAtAll(language: "zh" | "en"): Promise<void> {
  const { page, context, complaints } = await signedIn({ language });
  const found: string[] = [];
  const both = async (where: string) => {
    for (const theme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      found.push(...(await axeFindings(page, theme === "light" ? "all" : "contrast")).map((finding) => `${where}, ${theme}: ${finding}`));
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

  const before = await visit({ language });
  await before.page.goto("/");
  await before.page.locator("form").waitFor();
  found.push(...(await axeFindings(before.page)).map((finding) => `sign-in: ${finding}`));
  found.push(...(await before.page.evaluate(cutTexts)).map((text) => `sign-in: ${text}`));
  await before.context.close();
  expect(found).toEqual([]);
  expect([...complaints, ...before.complaints]).toEqual([]);
}
