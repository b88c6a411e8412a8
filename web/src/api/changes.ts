import { useQueryClient, type Query } from "@tanstack/react-query";
import { useEffect } from "react";
import { commonHeaders, onReached, type Schemas } from "./client";

// Figures that refresh themselves: the server says when something that they stand on has moved, and what is shown is
// asked for again. Where it cannot be heard nothing is lost but that; the pages work as ever.

export type Change = Schemas["Change"];

const kRetryMs = 1000;
const kRetryMsMax = 60_000;
// The questions of a page that is being opened come first: a browser has six connections to a host.
const kBeginMs = 1500;
// In a busy hour something moves every second. So often figures are asked for again at most …
const kRefreshMs = 5000;
// … and while they are being asked for, looked at again after …
const kBusyMs = 500;
// … and not by every open page in the same moment.
const kSpreadMs = 800;

// Takes the events out of text/event-stream as it comes, in whatever pieces.
export function eventReader(on: (name: string, data: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let name = "message";
      const lines: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        if (line.startsWith("data: ")) lines.push(line.slice(6));
      }
      if (lines.length > 0) on(name, lines.join("\n"));
    }
  };
}

// Tells first the state of the beginning, then what moves. Listens while the page is visible (browsers allow few
// connections to a host, and nobody looks at a hidden page), comes back after a break, ever more slowly, and then hears
// what has moved meanwhile. Returns what stops it.
export function listenForChanges(onChange: (change: Change) => void): () => void {
  let stopped = false;
  let state = ""; // what figures stood on when last heard
  let failures = 0;
  let open: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const hear = async (signal: AbortSignal) => {
    const response = await globalThis.fetch(`/api/v1/changes${state && `?since=${encodeURIComponent(state)}`}`, { credentials: "same-origin", headers: { ...commonHeaders("GET"), Accept: "text/event-stream" }, signal });
    if (!response.ok || !response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw new Error("no events");
    const read = eventReader((name, text) => {
      const change = JSON.parse(text) as Change;
      // What was loaded before anybody listened may have moved since; where it has not, asking is cheap (figures.ts).
      const first = state === "";
      state = change.state;
      failures = 0;
      if (name === "changed" || first) onChange(change);
    });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) read(decoder.decode(piece.value, { stream: true }));
  };
  const close = () => {
    clearTimeout(timer);
    timer = undefined;
    open?.abort();
    open = undefined;
  };
  const listen = () => {
    if (stopped || open || document.visibilityState !== "visible") return;
    clearTimeout(timer);
    timer = undefined;
    const mine = (open = new AbortController());
    void hear(mine.signal)
      .catch(() => undefined)
      .then(() => {
        if (open !== mine) return; // closed by us
        mine.abort(); // an answer that was no good is not left open
        open = undefined;
        const wait = Math.min(kRetryMs * 2 ** failures++, kRetryMsMax);
        timer = setTimeout(listen, wait * (0.75 + Math.random() / 2));
      });
  };
  const onVisible = () => (document.visibilityState === "visible" ? listen() : close());
  // The server is back: no need to wait any longer.
  let online = true;
  const stopWatching = onReached((now) => {
    const back = now && !online;
    online = now;
    if (back) listen();
  });
  document.addEventListener("visibilitychange", onVisible);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", listen);
  listen();
  return () => {
    stopped = true;
    stopWatching();
    document.removeEventListener("visibilitychange", onVisible);
    window.removeEventListener("pagehide", close);
    window.removeEventListener("pageshow", listen);
    close();
  };
}

const kMoving = ["kpi", "table", "findings", "entries", "members", "readings"];
// By the first part of a question's key: whether what it asks for may have moved.
export function hasMoved(change: Change, key: unknown): boolean {
  const name = String(key);
  if (kMoving.includes(name)) return true;
  if (name === "org") return change.organisation === true;
  if (name === "catalog" || name === "own-kpis") return change.definitions === true;
  return name === "session" && change.today === true;
}

// Keeps what is shown fresh. What is there stays until the new figures have come, and where they are the same nothing is
// drawn again.
export function useFreshFigures() {
  const client = useQueryClient();
  useEffect(() => {
    let due: Change | undefined; // all that has moved since the last time
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const refresh = () => {
      const change = due!;
      const predicate = (query: Query) => hasMoved(change, query.queryKey[0]);
      // A slow question is let finish: to ask it anew each time would never show its answer.
      if (client.isFetching({ predicate }) > 0) {
        timer = setTimeout(refresh, kBusyMs);
        return;
      }
      due = undefined;
      timer = undefined;
      last = Date.now();
      void client.invalidateQueries({ predicate });
    };
    const hear = (change: Change) => {
      due = { state: change.state, organisation: due?.organisation || change.organisation || false, definitions: due?.definitions || change.definitions || false, today: due?.today || change.today || false };
      timer ??= setTimeout(refresh, Math.max(last + kRefreshMs - Date.now(), 0) + Math.random() * kSpreadMs);
    };
    let stop: (() => void) | undefined;
    const begin = setTimeout(() => (stop = listenForChanges(hear)), kBeginMs);
    return () => {
      clearTimeout(begin);
      clearTimeout(timer);
      stop?.();
    };
  }, [client]);
}
