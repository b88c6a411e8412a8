import { describe, expect, it } from "vitest";
import { qrPath } from "./QrCode";

function darkOf(path: string): Set<string> {
  const dark = new Set<string>();
  for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let i = 0; i < Number(run); i++) dark.add(`${Number(x) + i},${y}`);
  }
  return dark;
}

describe("a QR code", () => {
  const text = "otpauth://totp/Dealpace:admin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Dealpace";
  const { size, path } = qrPath(text);
  const dark = darkOf(path);

  it("has the three finders in its corners, and nothing beyond its edges", () => {
    // Seven squares around, three within, white between.
    const finder = (left: number, top: number) => {
      for (let x = 0; x < 7; x++) {
        for (let y = 0; y < 7; y++) {
          const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
          expect(dark.has(`${left + x},${top + y}`), `${x},${y}`).toBe(ring !== 2);
        }
      }
    };
    finder(0, 0);
    finder(size - 7, 0);
    finder(0, size - 7);
    expect((size - 17) % 4).toBe(0);
    for (const square of dark) expect(square.split(",").every((at) => Number(at) < size)).toBe(true);
  });
  it("is another for another text", () => {
    expect(qrPath(text.replace("admin", "adnin")).path).not.toBe(path);
  });
});
