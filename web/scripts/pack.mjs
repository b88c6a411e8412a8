// Packs web/dist into the one file that the program is built with: web/dist.pack.
//
//   "DPPACK1\n"
//   {"files":[{"path","type","etag","raw":[offset,length],"gz":[offset,length]|null,"br":[offset,length]|null},…]} "\n"
//   the bytes; offsets count from the first byte after that second line break
//
// Files stand in the order of their paths and compressed forms are kept only where they are smaller, so the same
// input always gives the same pack.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const kTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
// Already compressed.
const kAsIs = new Set([".png", ".woff2", ".ico"]);

export function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".map"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
}

// `files`: [{ path: "/index.html", bytes }], in any order.
export function pack(files) {
  const index = [];
  const blobs = [];
  let offset = 0;
  const place = (bytes) => {
    blobs.push(bytes);
    offset += bytes.length;
    return [offset - bytes.length, bytes.length];
  };
  for (const { path, bytes } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const extension = extname(path);
    const type = kTypes[extension];
    if (!type) throw new Error(`${path}: no media type is known for ${extension || "a file without extension"}`);
    const entry = { path, type, etag: createHash("sha256").update(bytes).digest("hex").slice(0, 20), raw: place(bytes), gz: null, br: null };
    if (!kAsIs.has(extension)) {
      const gz = gzipSync(bytes, { level: 9 });
      gz[9] = 255; // the operating system: unknown, so that it is the same everywhere
      const br = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
      if (gz.length < bytes.length) entry.gz = place(gz);
      if (br.length < bytes.length) entry.br = place(br);
    }
    index.push(entry);
  }
  return Buffer.concat([Buffer.from(`DPPACK1\n${JSON.stringify({ files: index })}\n`), ...blobs]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const web = fileURLToPath(new URL("..", import.meta.url));
  const dist = join(web, "dist");
  const files = listFiles(dist).map((file) => ({ path: `/${relative(dist, file).split(sep).join("/")}`, bytes: readFileSync(file) }));
  const bytes = pack(files);
  writeFileSync(join(web, "dist.pack"), bytes);
  console.log(`dist.pack: ${files.length} files, ${(bytes.length / 1024).toFixed(0)} KB`);
}
