import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// The built program, serving a store of the test's own on a free port of the loopback address.

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
export const binary = process.env.DEALPACE_BINARY ?? join(root, "build/release/dealpace");
export const password = "Correct-horse-7-battery";

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "dealpace-e2e-"));
}
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs the command line over a store and returns what it prints. */
export function cli(data: string, ...args: string[]): string {
  return execFileSync(binary, ["--lang", "en", "--data", data, ...args], { encoding: "utf8", maxBuffer: 64 << 20 });
}

export interface Server {
  url: string;
  process: ChildProcess;
  /** Everything it has printed. */
  output(): string;
  /** Asks it to stop and waits. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts `dealpace serve`; the administrator's password is `password` unless `environment` says otherwise. */
export async function serve(data: string, environment: Record<string, string> = {}): Promise<Server> {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run ./dev build`);
  const child = spawn(binary, ["--lang", "en", "--data", data, "serve", "--port", "0"], {
    env: { ...process.env, DEALPACE_ADMIN_PASSWORD: password, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const url = await new Promise<string>((done, fail) => {
    const look = (line: string) => {
      text += line + "\n";
      const found = /https?:\/\/[\d.]+:\d+/.exec(line);
      if (found) done(found[0]);
    };
    createInterface({ input: child.stdout }).on("line", look);
    createInterface({ input: child.stderr }).on("line", (line) => (text += line + "\n"));
    child.once("exit", (code) => fail(new Error(`dealpace serve ended with ${String(code)}:\n${text}`)));
  });
  return {
    url,
    process: child,
    output: () => text,
    stop: (signal = "SIGTERM") =>
      new Promise((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done();
        child.once("exit", () => done());
        child.kill(signal);
      }),
  };
}
