import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { pack } from "./pack.mjs";

const text = (size) => Buffer.from("const answer = 42;\n".repeat(size));
const files = [
  { path: "/index.html", bytes: Buffer.from("<!doctype html>") },
  { path: "/assets/app-1.js", bytes: text(200) },
  { path: "/assets/inter.woff2", bytes: Buffer.from([1, 2, 3]) },
];

function unpack(bytes) {
  const first = bytes.indexOf("\n");
  const second = bytes.indexOf("\n", first + 1);
  const blob = bytes.subarray(second + 1);
  return {
    magic: bytes.subarray(0, first + 1).toString(),
    index: JSON.parse(bytes.subarray(first + 1, second).toString()).files,
    at: ([offset, length]) => blob.subarray(offset, offset + length),
    size: blob.length,
  };
}

it("holds every file, plain and compressed, where the index says", () => {
  const { magic, index, at, size } = unpack(pack(files));
  expect(magic).toBe("DPPACK1\n");
  expect(index.map((file) => file.path)).toEqual(["/assets/app-1.js", "/assets/inter.woff2", "/index.html"]);
  const script = index[0];
  expect(script.type).toBe("text/javascript; charset=utf-8");
  expect(at(script.raw)).toEqual(files[1].bytes);
  expect(gunzipSync(at(script.gz))).toEqual(files[1].bytes);
  expect(brotliDecompressSync(at(script.br))).toEqual(files[1].bytes);
  const pieces = index.flatMap((file) => [file.raw, file.gz, file.br]).filter(Boolean);
  expect(pieces.reduce((sum, [, length]) => sum + length, 0)).toBe(size);
});

it("keeps a compressed form only where it is smaller", () => {
  const { index } = unpack(pack(files));
  expect(index[1]).toMatchObject({ path: "/assets/inter.woff2", gz: null, br: null });
  expect(index[2]).toMatchObject({ path: "/index.html", gz: null });
});

it("is the same for the same files in any order, and another for another byte", () => {
  expect(pack([...files].reverse())).toEqual(pack(files));
  const other = [{ ...files[0], bytes: Buffer.from("<!doctype HTML>") }, ...files.slice(1)];
  const etag = (set) => unpack(pack(set)).index.find((file) => file.path === "/index.html").etag;
  expect(etag(other)).not.toBe(etag(files));
});

it("refuses what it cannot name the type of", () => {
  expect(() => pack([{ path: "/x.exe", bytes: Buffer.from("") }])).toThrow("/x.exe");
});
