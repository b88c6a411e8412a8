import type { TestProject } from "vitest/node";
import { cli, makeFolder, removeFolder } from "./server";

declare module "vitest" {
  export interface ProvidedContext {
    /** The folder of a demo network that each file of tests copies (demo.ts). */
    demo: string;
  }
}

/** One demo network for all files of tests. */
export default function setup(project: TestProject) {
  const folder = makeFolder();
  cli(folder, "demo", "--dealers", "4", "--months", "15");
  project.provide("demo", folder);
  return () => removeFolder(folder);
}
