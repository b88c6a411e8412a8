import { defineConfig } from "vitest/config";

// The tests in a browser: `npm run e2e` (needs the built program and Debian's chromium).
export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    globalSetup: ["e2e/setup.ts"],
    environment: "node",
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Each file has a store, a server and a browser of its own.
    pool: "forks",
    maxWorkers: 2,
  },
});
