// Wilson's 95 % interval of x of n. Null where n is 0 or x is no part of n (on period basis the orders of a month may
// outnumber its captures): such a ratio is no share and has no interval.
export interface Interval {
  low: number;
  high: number;
}

const kZ = 1.959963984540054;

export function wilson(x: number | null | undefined, n: number | null | undefined): Interval | null {
  if (x == null || n == null || n <= 0 || x < 0 || x > n) return null;
  const p = x / n;
  const z2 = kZ * kZ;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (kZ * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
  return { low: x === 0 ? 0 : Math.max(0, centre - half), high: x === n ? 1 : Math.min(1, centre + half) };
}
