import { cpSync } from "node:fs";
import { afterAll, inject } from "vitest";
import { makeFolder, removeFolder, serve, type Server } from "./server";

export interface Demo {
  url: string;
  /** The folder of its store. */
  data: string;
}

let begun: Promise<{ server: Server; data: string }> | undefined;

/** The demo network of this file of tests: a copy of its own, served from when somebody first asks, so that files may run at the same time. */
export async function demo(): Promise<Demo> {
  begun ??= (async () => {
    const data = makeFolder();
    cpSync(inject("demo"), data, { recursive: true });
    return { server: await serve(data), data };
  })();
  const { server, data } = await begun;
  return { url: server.url, data };
}

afterAll(async () => {
  if (!begun) return;
  const { server, data } = await begun;
  await server.stop();
  removeFolder(data);
});
