// What is known of a file before it is sent, and how files are grouped for the eye.

export const kBytesMax = 20 * 1024 * 1024;
export const kAccept = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif,.pdf,.xlsx,.docx,.txt,.csv,.md";

export type Refusal = "empty" | "large" | "name";

// What the server would refuse by its size; what it is, only the server knows.
export function refusalOf(file: { name: string; size: number }): Refusal | null {
  if (file.size === 0) return "empty";
  if (file.size > kBytesMax) return "large";
  if ([...file.name].length > 195) return "name";
  return null;
}

// Photos that cameras and clipboards name alike are told apart by their time.
export function nameOf(file: { name: string; type: string }, now: Date): string {
  const plain = /^(image|photo|blob|未命名)?\.?(jpe?g|png|webp|heic)?$/i.test(file.name.trim());
  if (!plain) return file.name;
  const two = (n: number) => String(n).padStart(2, "0");
  const stamp = `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())} ${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const ending = /\.(\w+)$/.exec(file.name)?.[1] ?? (file.type.startsWith("image/") ? (file.type === "image/jpeg" ? "jpg" : file.type.slice(6)) : "");
  return ending ? `${stamp}.${ending.toLowerCase()}` : stamp;
}

export type Shape = "picture" | "pdf" | "sheet" | "text";
export function shapeOf(type: string): Shape {
  if (type.startsWith("image/")) return "picture";
  if (type === "application/pdf") return "pdf";
  if (type.includes("spreadsheet")) return "sheet";
  return "text";
}

// "JPEG", "Excel" … as one says it.
export function typeName(type: string): string {
  const known: Record<string, string> = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "text/plain": "TXT",
    "application/octet-stream": "",
  };
  return known[type] ?? type;
}
