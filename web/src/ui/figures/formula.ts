// The formula cut into names that link to something and the text between.
export interface FormulaPart {
  text: string;
  kind: "text" | "kpi" | "measure" | "function";
}
export function formulaParts(formula: string, known: { kpi: (id: string) => unknown; measure: (id: string) => unknown; functions: readonly string[] }): FormulaPart[] {
  const parts: FormulaPart[] = [];
  const add = (text: string, kind: FormulaPart["kind"]) => {
    const last = parts[parts.length - 1];
    if (kind === "text" && last?.kind === "text") last.text += text;
    else if (text) parts.push({ text, kind });
  };
  let bracket = 0;
  let last = 0;
  for (const match of formula.matchAll(/[A-Za-z_][A-Za-z0-9_]*|[[\]]/g)) {
    if (match.index < last) continue; // already taken with a function before it
    add(formula.slice(last, match.index), "text");
    last = match.index + match[0].length;
    const word = match[0];
    if (word === "[" || word === "]") {
      bracket += word === "[" ? 1 : -1;
      add(word, "text");
    } else if (bracket > 0) {
      // Dimensions and members, not measures of the same name.
      add(word, "text");
    } else if (/^\s*\(/.test(formula.slice(last))) {
      // mean(x) and scorecard(x) name items of their own; the item after them is no KPI.
      add(word, known.functions.includes(word) || !known.kpi(word) ? "function" : "kpi");
      if (["mean", "done", "scorecard"].includes(word)) {
        const close = formula.indexOf(")", last);
        if (close > 0 && !formula.slice(last, close).includes("[")) {
          const inner = /^\s*\(\s*[A-Za-z_][A-Za-z0-9_]*/.exec(formula.slice(last));
          if (inner) {
            add(inner[0], "text");
            last += inner[0].length;
          }
        }
      }
    } else if (known.kpi(word)) add(word, "kpi");
    else if (known.measure(word)) add(word, "measure");
    else add(word, "text");
  }
  add(formula.slice(last), "text");
  return parts;
}

// The names of numerator and denominator, where the formula is one division of two names.
export function ratioNames(formula: string): [string, string] | null {
  const match = /^\s*([a-z][a-z0-9_]*)\s*\/\s*([a-z][a-z0-9_]*)\s*$/.exec(formula);
  return match ? [match[1]!, match[2]!] : null;
}
