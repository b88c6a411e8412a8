import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "@/i18n";
import { api, data, download, onReached, onUnauthorised, resume, setCsrf, tagged } from "./client";
import { ApiError } from "./error";

const answers: Response[] = [];
let asked: Request[] = [];
beforeEach(() => {
  asked = [];
  answers.length = 0;
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    asked.push(input instanceof Request ? input : new Request(new URL(input, "http://localhost"), init));
    const answer = answers.shift();
    if (!answer) throw new TypeError("Failed to fetch");
    return answer;
  });
  setLanguage("en");
  setCsrf("token-1");
});
afterEach(() => vi.unstubAllGlobals());

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers } });

describe("a request", () => {
  it("names the language; only what changes something carries the token", async () => {
    answers.push(json({ views: [] }), json({ id: "1" }, 201));
    await data(api.GET("/api/v1/views"));
    await data(api.POST("/api/v1/views", { body: { name: "x", page: "explore", state: {} } }));
    expect(asked[0]!.headers.get("Accept-Language")).toBe("en");
    expect(asked[0]!.headers.get("X-CSRF-Token")).toBeNull();
    expect(asked[1]!.headers.get("X-CSRF-Token")).toBe("token-1");
  });

  it("that creates has a key of its own, unless the caller gives one; a question has none", async () => {
    answers.push(json({ id: "1" }, 201), json({ id: "1" }, 201), json({}));
    const body = { name: "x", page: "explore" as const, state: {} };
    await data(api.POST("/api/v1/views", { body }));
    await data(api.POST("/api/v1/views", { body, params: { header: { "Idempotency-Key": "mine" } } }));
    await data(api.POST("/api/v1/kpi/query", { body: { columns: ["deal_cnt"] } }));
    expect(asked.map((request) => request.headers.get("Idempotency-Key"))).toEqual([expect.stringMatching(/^[0-9a-f-]{32,36}$/), "mine", null]);
  });

  it("gives the ETag where it is asked for", async () => {
    answers.push(json({ version: 7 }, 200, { ETag: 'W/"7"' }));
    expect((await tagged(api.GET("/api/v1/org"))).etag).toBe('W/"7"');
  });
});

describe("what goes wrong is one kind of error", () => {
  const problem = { type: "/problems/unknown_name", title: "Not understood", status: 400, detail: "No KPI is called “x”.", todo: "Look in the handbook.", code: "unknown_name", args: { name: "x", field: "formula" }, request_id: "r1" };

  it("with the server's words, code and particulars", async () => {
    answers.push(json(problem, 400, { "Retry-After": "7" }));
    const error = await data(api.GET("/api/v1/org")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, code: "unknown_name", title: "No KPI is called “x”.", todo: "Look in the handbook.", requestId: "r1", field: "formula", retryAfterSeconds: 7 });
  });

  it("also when something else than our server answers, or nobody", async () => {
    answers.push(new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "Content-Type": "text/html" } }));
    await expect(data(api.GET("/api/v1/org"))).rejects.toMatchObject({ status: 502, code: "bad_answer" });
    await expect(data(api.GET("/api/v1/org"))).rejects.toMatchObject({ status: 0, code: "offline" });
  });

  it("and tells those who watch the session and the line", async () => {
    const ended = vi.fn(() => false);
    const line: boolean[] = [];
    const stop = [onUnauthorised(ended), onReached((online) => line.push(online))];
    answers.push(json({ ...problem, status: 401, code: "not_signed_in" }, 401), json({ ...problem, status: 401, code: "wrong_password" }, 401));
    await data(api.GET("/api/v1/org")).catch(() => undefined);
    expect(ended).toHaveBeenCalledOnce();
    // A wrong password at the sign-in is no ended session.
    await data(api.POST("/api/v1/session", { body: { login: "a", password: "b" } })).catch(() => undefined);
    expect(ended).toHaveBeenCalledOnce();
    await data(api.GET("/api/v1/org")).catch(() => undefined);
    expect(line).toEqual([true, true, false]);
    stop.forEach((each) => each());
  });
});

describe("a session that ends under a request", () => {
  const ended = { type: "x", title: "Not signed in", status: 401, code: "not_signed_in" };

  it("holds the request until the same person is back, and sends it again with what was in it", async () => {
    const stop = onUnauthorised(() => true);
    answers.push(json(ended, 401));
    const saved = data(api.POST("/api/v1/views", { body: { name: "mine", page: "explore", state: {} } }));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    answers.push(json({ id: "7" }, 201));
    setCsrf("token-2");
    resume(true);
    expect(await saved).toMatchObject({ id: "7" });
    expect(asked[1]!.headers.get("X-CSRF-Token")).toBe("token-2");
    expect(asked[1]!.headers.get("Idempotency-Key")).toBe(asked[0]!.headers.get("Idempotency-Key"));
    expect(await asked[1]!.json()).toMatchObject({ name: "mine" });
    stop();
  });

  it("fails the request when nobody, or another, comes", async () => {
    const stop = onUnauthorised(() => true);
    answers.push(json(ended, 401));
    const asking = data(api.GET("/api/v1/org"));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    resume(false);
    await expect(asking).rejects.toMatchObject({ status: 401, code: "not_signed_in" });
    expect(asked).toHaveLength(1);
    stop();
  });
});

it("a download is saved under the name that the server gives it", async () => {
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.download);
  });
  const saved: string[] = [];
  URL.createObjectURL = () => "blob:x";
  URL.revokeObjectURL = () => {};
  answers.push(new Response("a", { headers: { "Content-Disposition": `attachment; filename="x.csv"; filename*=UTF-8''%E6%88%90%E4%BA%A4.csv` } }));
  await download("/api/v1/kpi/export", { method: "POST", body: { question: { columns: [] }, format: "csv" } });
  expect(saved).toEqual(["成交.csv"]);
  expect(click).toHaveBeenCalledOnce();
});
