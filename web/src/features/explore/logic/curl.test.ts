import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { Question } from "@/api";
import { curlText, jsonText, tidyQuestion } from "./curl";

const question: Question = { columns: ["close_rate", "win=deal_cnt/lead_cnt"], period: "2026-10", basis: "period", within: null, by: ["dealer", "month"], scope: "network", filters: { model: ["L'Étoile $5"] }, vs: "year-ago", ids: true, to_date: false };

describe("copy as API call", () => {
  it("says only what is not the default", () => {
    expect(tidyQuestion(question)).toEqual({ columns: question.columns, period: "2026-10", by: ["dealer", "month"], filters: question.filters, vs: "year-ago" });
    expect(JSON.parse(jsonText({ ...question, scope: "dealer:7", vs: "none" }))).toMatchObject({ scope: "dealer:7" });
  });
  it("holds no token", () => {
    expect(curlText(question, "https://dealpace.example")).toContain("$DEALPACE_TOKEN");
  });
  it("survives a shell: the body arrives as it is", () => {
    const command = curlText(question, "https://dealpace.example").replace(/^curl/, "args");
    const body = execFileSync("sh", ["-c", `args() { for last; do :; done; printf %s "$last"; }\n${command}`], { encoding: "utf8" });
    expect(JSON.parse(body)).toEqual(tidyQuestion(question));
  });
});
