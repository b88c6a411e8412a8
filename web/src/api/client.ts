import createClient, { type Middleware } from "openapi-fetch";
import { currentLanguage } from "@/i18n";
import { isUnattended } from "./attendance";
import { ApiError } from "./error";
import type { components, paths } from "./schema";

// The one way to the server. Every answer that is no success becomes an ApiError; callers catch that and nothing else.

export type Schemas = components["schemas"];

let csrf = "";
const unauthorised = new Set<() => boolean>();
const waiting: ((again: boolean) => void)[] = [];
const reached = new Set<(online: boolean) => void>();

export function setCsrf(token: string) {
  csrf = token;
}
// Called when the session has ended under a request. A listener that returns true offers the sign-in and will call
// resume(): until then the request waits, so that nothing of the page is lost, and is then sent again.
export function onUnauthorised(listener: () => boolean): () => void {
  unauthorised.add(listener);
  return () => void unauthorised.delete(listener);
}
// True: the same person has signed in again. False: nobody, or another; what waits fails with 401.
export function resume(again: boolean) {
  for (const go of waiting.splice(0)) go(again);
}
function signedInAgain(signal?: AbortSignal | null): Promise<boolean> {
  const offered = [...unauthorised].map((listener) => listener()).includes(true);
  if (!offered || signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    waiting.push(resolve);
    signal?.addEventListener("abort", () => resolve(false));
  });
}
// Called with every request: whether the server was reached.
export function onReached(listener: (online: boolean) => void): () => void {
  reached.add(listener);
  return () => void reached.delete(listener);
}
const tellReached = (online: boolean) => reached.forEach((listener) => listener(online));

// A key that makes a create repeatable: the same key and body within a day give the same answer. One is made for each
// create; pass `newKey()` of your own to send the very same create again.
export function newKey(): string {
  return typeof crypto.randomUUID === "function"
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const kSafe = new Set(["GET", "HEAD"]);
export function commonHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = { "Accept-Language": currentLanguage() };
  if (isUnattended()) headers["X-Unattended"] = "1";
  if (!kSafe.has(method)) {
    if (csrf) headers["X-CSRF-Token"] = csrf;
  }
  return headers;
}

const middleware: Middleware = {
  onRequest({ request, schemaPath, params }) {
    for (const [name, value] of Object.entries(commonHeaders(request.method))) request.headers.set(name, value);
    const creates = request.method === "POST" && !schemaPath.startsWith("/api/v1/session") && !schemaPath.startsWith("/api/v1/kpi/");
    if (creates && !request.headers.has("Idempotency-Key") && !params.header?.["Idempotency-Key"]) {
      request.headers.set("Idempotency-Key", newKey());
    }
    return request;
  },
  async onResponse({ response }) {
    await checkAnswer(response);
    return response;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    if (error instanceof ApiError) return error;
    tellReached(false);
    return new ApiError({ status: 0, code: "offline" });
  },
};

async function checkAnswer(response: Response) {
  tellReached(true);
  if (response.ok || response.status === 304) return;
  throw await ApiError.from(response);
}

// What public/start.js has asked already. Each answer is taken once; where it failed the question is asked again.
declare global {
  var dealpaceEarly: Record<string, Promise<Response>> | undefined;
}
async function early(request: Request): Promise<Response | undefined> {
  if (request.method !== "GET" || !globalThis.dealpaceEarly) return undefined;
  const { pathname, search } = new URL(request.url);
  const asked = globalThis.dealpaceEarly[pathname + search];
  delete globalThis.dealpaceEarly[pathname + search];
  return asked?.catch(() => undefined);
}

// Looks fetch up with each call, so that tests can put theirs in its place.
async function send(request: Request): Promise<Response> {
  const asked = await early(request);
  const ofSession = new URL(request.url).pathname === "/api/v1/session";
  // That nobody is signed in is an answer, too.
  if (asked?.ok || (asked?.status === 401 && ofSession)) return asked;
  const again = request.clone();
  const response = await globalThis.fetch(request);
  if (response.status !== 401 || ofSession) return response;
  if (!(await signedInAgain(request.signal))) return response;
  if (csrf && !kSafe.has(again.method)) again.headers.set("X-CSRF-Token", csrf);
  return globalThis.fetch(again);
}

export const api = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  fetch: send,
});
api.use(middleware);

// The data of an answer: `await data(api.GET("/api/v1/org"))`. Throws ApiError.
export async function data<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await call).data as T;
}
// The same with the ETag, for If-Match of a later change.
export async function tagged<T>(call: Promise<{ data?: T; response: Response }>): Promise<{ data: T; etag: string }> {
  const answer = await call;
  return { data: answer.data as T, etag: answer.response.headers.get("ETag") ?? "" };
}
// The ETag of a version that an answer carries.
export function versionTag(version: number): string {
  return `W/"${version}"`;
}

// Sends a file as the body, with progress from 0 to 1 (fetch does not tell it); `key` makes it repeatable. A name that
// may be personal goes as `name`: in a header, not in the address. Throws ApiError.
interface UploadOptions {
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
  key?: string;
  name?: string;
}
export function upload<T>(path: string, file: Blob, options: UploadOptions = {}): Promise<T> {
  const { onProgress, signal, key, name } = options;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "text";
    for (const [name, value] of Object.entries(commonHeaders("POST"))) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (key) request.setRequestHeader("Idempotency-Key", key);
    if (name) request.setRequestHeader("Content-Disposition", `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    };
    request.onerror = () => {
      tellReached(false);
      reject(new ApiError({ status: 0, code: "offline" }));
    };
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = async () => {
      if (request.status === 401 && (await signedInAgain(signal))) {
        upload<T>(path, file, options).then(resolve, reject);
        return;
      }
      const headers = new Headers();
      for (const name of ["Content-Type", "X-Request-Id", "Retry-After"]) {
        const value = request.getResponseHeader(name);
        if (value) headers.set(name, value);
      }
      const body = request.status === 204 ? null : request.responseText;
      const response = new Response(body, { status: request.status, headers });
      checkAnswer(response).then(
        () => response.json().then(resolve as (value: unknown) => void, () => reject(new ApiError({ status: request.status, code: "bad_answer" }))),
        reject,
      );
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

interface FetchFile {
  method?: "GET" | "POST";
  body?: unknown;
  name?: string;
}
// Fetches a file and hands it to the browser to save, under the name that the server gives it.
export async function download(path: string, init: FetchFile = {}): Promise<void> {
  const { blob, name } = await fetchFile(path, init);
  saveFile(blob, name);
}

// Hands bytes to the browser to save.
export function saveFile(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export async function fetchFile(path: string, init: FetchFile = {}): Promise<{ blob: Blob; name: string }> {
  const method = init.method ?? "GET";
  let response: Response;
  try {
    response = await send(
      new Request(new URL(path, location.origin), {
        method,
        credentials: "same-origin",
        headers: { ...commonHeaders(method), ...(init.body === undefined ? {} : { "Content-Type": "application/json" }) },
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      }),
    );
  } catch {
    tellReached(false);
    throw new ApiError({ status: 0, code: "offline" });
  }
  await checkAnswer(response);
  const disposition = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  const name = encoded ? decodeURIComponent(encoded) : (/filename="([^"]*)"/i.exec(disposition)?.[1] ?? init.name ?? "dealpace");
  return { blob: await response.blob(), name };
}

// Follows server-sent events until `done` or the end; reconnects as EventSource does. Returns what stops it.
export function follow(path: string, on: Record<string, (data: unknown) => void>, onBreak?: () => void): () => void {
  const source = new EventSource(path);
  for (const [name, listener] of Object.entries(on)) {
    source.addEventListener(name, (event) => listener(JSON.parse((event as MessageEvent<string>).data)));
  }
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) onBreak?.();
  };
  return () => source.close();
}
