import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventReader, hasMoved, listenForChanges, useFreshFigures, type Change } from "./changes";
import { commonHeaders } from "./client";
import { figures } from "./figures";

// A stream that the test speaks into (jsdom has none).
class Line {
  closed = false;
  readonly url: string;
  private readonly said: { done: boolean; value?: Uint8Array }[] = [];
  private waiting: { resolve: (piece: unknown) => void; reject: (error: unknown) => void } | undefined;
  constructor(url: string, signal?: AbortSignal | null) {
    this.url = url;
    signal?.addEventListener("abort", () => {
      this.closed = true;
      this.waiting?.reject(new DOMException("aborted", "AbortError"));
    });
  }
  get answer(): Response {
    const read = () => new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.pump();
    });
    return { ok: true, headers: new Headers({ "Content-Type": "text/event-stream" }), body: { getReader: () => ({ read }) } } as unknown as Response;
  }
  say(text: string) {
    this.said.push({ done: false, value: new TextEncoder().encode(text) });
    this.pump();
  }
  end() {
    this.said.push({ done: true });
    this.pump();
  }
  private pump() {
    if (!this.waiting || this.said.length === 0) return;
    const { resolve } = this.waiting;
    this.waiting = undefined;
    resolve(this.said.shift());
  }
}

let lines: Line[] = [];
let up = true;
const show = (state: "visible" | "hidden") => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
};
const settle = () => act(() => vi.advanceTimersByTimeAsync(0));
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const event = (name: string, data: Change) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  lines = [];
  up = true;
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    if (!up) throw new TypeError("Failed to fetch");
    const line = new Line(url, init?.signal);
    lines.push(line);
    return line.answer;
  });
  show("visible");
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("events", () => {
  it("are taken out of whatever pieces they come in", () => {
    const heard: string[] = [];
    const read = eventReader((name, data) => heard.push(`${name} ${data}`));
    for (const piece of ["ev", "ent: now\nda", 'ta: {"a":1}\n', "\n: \n\nevent: changed\ndata: 2\n\ndata: 3\n\nev"]) read(piece);
    expect(heard).toEqual(['now {"a":1}', "changed 2", "message 3"]);
  });
});

describe("listening", () => {
  it("tells what has moved, and goes on from there after a break", async () => {
    const heard: Change[] = [];
    const stop = listenForChanges((change) => heard.push(change));
    await settle();
    expect(lines.map((line) => line.url)).toEqual(["/api/v1/changes"]);
    lines[0]!.say(event("now", { state: "s1" }));
    lines[0]!.say(event("changed", { state: "s2", ledger: true }));
    await settle();
    expect(heard).toEqual([{ state: "s1" }, { state: "s2", ledger: true }]);
    lines[0]!.end();
    await pass(1000);
    expect(lines[1]!.url).toBe("/api/v1/changes?since=s2");
    stop();
    expect(lines[1]!.closed).toBe(true);
  });

  it("ends while the page is hidden", async () => {
    const stop = listenForChanges(() => undefined);
    await settle();
    lines[0]!.say(event("now", { state: "s1" }));
    await settle();
    show("hidden");
    expect(lines[0]!.closed).toBe(true);
    await pass(120_000);
    expect(lines).toHaveLength(1);
    show("visible");
    await settle();
    expect(lines[1]!.url).toBe("/api/v1/changes?since=s1");
    stop();
  });

  it("tries ever more slowly while it cannot be had, without a word", async () => {
    up = false;
    const asked = vi.fn(globalThis.fetch);
    vi.stubGlobal("fetch", asked);
    const stop = listenForChanges(() => undefined);
    await settle();
    await pass(1000 + 2000 + 4000);
    expect(asked).toHaveBeenCalledTimes(4);
    await pass(10 * 60_000);
    expect(asked.mock.calls.length).toBeLessThan(20);
    stop();
    const before = asked.mock.calls.length;
    await pass(10 * 60_000);
    expect(asked).toHaveBeenCalledTimes(before);
  });
});

describe("what is shown", () => {
  it("is asked for again when it may have moved", () => {
    const entry: Change = { state: "s", ledger: true };
    expect(["kpi", "table", "findings", "entries"].map((key) => hasMoved(entry, key))).toEqual([true, true, true, true]);
    expect(["org", "catalog", "session", "imports", "views"].map((key) => hasMoved(entry, key))).toEqual([false, false, false, false, false]);
    expect(hasMoved({ state: "s", organisation: true }, "org")).toBe(true);
    expect(hasMoved({ state: "s", definitions: true }, "catalog")).toBe(true);
    expect(hasMoved({ state: "s", today: true }, "session")).toBe(true);
  });

  it("is refreshed at once, and in a busy hour not more often than every five seconds", async () => {
    const client = new QueryClient();
    const asked = vi.spyOn(client, "invalidateQueries");
    const { unmount } = renderHook(() => useFreshFigures(), { wrapper: ({ children }: { children: ReactNode }) => createElement(QueryClientProvider, { client }, children) });
    await settle();
    expect(lines).toHaveLength(0);
    await pass(1500);
    lines[0]!.say(event("now", { state: "s0" }));
    await settle();
    await pass(400);
    expect(asked).toHaveBeenCalledTimes(1); // for what moved before it was heard
    for (let i = 2; i < 12; i++) {
      lines[0]!.say(event("changed", { state: `s${i}`, ledger: true, organisation: i === 3 }));
      await pass(1000);
    }
    expect(asked.mock.calls.length).toBeGreaterThan(1);
    expect(asked.mock.calls.length).toBeLessThan(5);
    const predicate = asked.mock.calls[1]![0]!.predicate!;
    expect(predicate({ queryKey: ["org"] } as never)).toBe(true);
    unmount();
    expect(lines[0]!.closed).toBe(true);
  });
});

describe("figures asked for again", () => {
  it("stay the same object while the server says that they are the same", async () => {
    const client = new QueryClient({ defaultOptions: { queries: { structuralSharing: false } } });
    const headers: unknown[] = [];
    const answers = [
      { data: { total: 1 }, response: new Response("{}", { headers: { ETag: 'W/"a"' } }) },
      { response: new Response(null, { status: 304, headers: { ETag: 'W/"a"' } }) },
      { data: { total: 2 }, response: new Response("{}", { headers: { ETag: 'W/"b"' } }) },
    ];
    const ask = () =>
      client.fetchQuery({
        queryKey: ["kpi", 1],
        queryFn: (context) =>
          figures<{ total: number }>(context, async (header) => {
            headers.push(header);
            return answers.shift()!;
          }),
      });
    const first = await ask();
    const second = await ask();
    expect(second).toBe(first);
    expect(await ask()).toEqual({ total: 2 });
    expect(headers).toEqual([{}, { "If-None-Match": 'W/"a"' }, { "If-None-Match": 'W/"a"' }]);
  });
});

describe("a page at which nobody is", () => {
  it("says so, until somebody comes back", () => {
    window.dispatchEvent(new Event("pointerdown"));
    expect(commonHeaders("GET")["X-Unattended"]).toBeUndefined();
    vi.setSystemTime(Date.now() + 61_000);
    expect(commonHeaders("GET")["X-Unattended"]).toBe("1");
    window.dispatchEvent(new Event("keydown"));
    expect(commonHeaders("GET")["X-Unattended"]).toBeUndefined();
  });
});
