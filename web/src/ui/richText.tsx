import { Fragment, type ReactNode } from "react";

// A sentence that the server has put together: **…** is emphasised, **-…** as bad, **+…** as good. Everything else,
// names of people included, is plain text.

export interface RichPart {
  text: string;
  mark: "none" | "strong" | "bad" | "good";
}

export function parseRich(text: string): RichPart[] {
  const parts: RichPart[] = [];
  let last = 0;
  const plain = (part: string) => part && parts.push({ text: part, mark: "none" });
  for (const match of text.matchAll(/\*\*([+-]?)(.+?)\*\*/gs)) {
    plain(text.slice(last, match.index));
    parts.push({ text: match[2]!, mark: match[1] === "-" ? "bad" : match[1] === "+" ? "good" : "strong" });
    last = match.index + match[0].length;
  }
  plain(text.slice(last));
  return parts;
}

export function plainOf(text: string): string {
  return parseRich(text)
    .map((part) => part.text)
    .join("");
}

export function RichText({ text }: { text: string }): ReactNode {
  return parseRich(text).map(({ text: part, mark }, i) => (
    <Fragment key={i}>{mark === "none" ? part : mark === "strong" ? <b>{part}</b> : <b className={mark}>{part}</b>}</Fragment>
  ));
}
