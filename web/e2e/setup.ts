import type { TestProject } from "vitest/node";
import { cli, makeFolder, removeFolder, serve } from "./server";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the demo network is served, and the folder of its store. */
    url: string;
    data: string;
  }
}

/** One demo network and one server for all files of tests. */
export default async function setup(project: TestProject) {
  const data = makeFolder();
  cli(data, "demo", "--dealers", "4", "--months", "15");
  const server = await serve(data);
  project.provide("url", server.url);
  project.provide("data", data);
  return async () => {
    await server.stop();
    removeFolder(data);
  };
}
