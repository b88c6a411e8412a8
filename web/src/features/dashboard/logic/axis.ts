// The top of an axis that begins at 0, and its step: round numbers, at most five steps. Whole steps, since orders are
// counted.
export function niceTop(values: readonly (number | null)[]): { top: number; step: number } {
  const high = Math.max(0, ...values.filter((value): value is number => value !== null));
  if (high <= 0) return { top: 4, step: 1 };
  const rough = high / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((size) => size * power >= rough && Number.isInteger(Math.max(1, size * power))) ?? 10) * power);
  return { top: Math.ceil(high / step) * step, step };
}
