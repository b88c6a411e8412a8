import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The server that `npm run dev` passes API calls on to.
const api = process.env.DEALPACE_API ?? "http://127.0.0.1:8080";

// The font is asked for with the application and not after its styles.
const preloadFont: Plugin = {
  name: "preload-font",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) =>
      Object.keys(bundle ?? {})
        .filter((file) => file.endsWith(".woff2"))
        .map((file) => ({ tag: "link", attrs: { rel: "preload", as: "font", type: "font/woff2", crossorigin: true, href: `/${file}` }, injectTo: "head" as const })),
  },
};

export default defineConfig({
  plugins: [react(), preloadFont],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    port: Number(process.env.DEALPACE_WEB_PORT ?? 5173),
    strictPort: true,
    proxy: { "/api": { target: api, changeOrigin: false, secure: false }, "/healthz": { target: api, secure: false } },
  },
  build: {
    outDir: "dist",
    target: "es2022",
    sourcemap: false,
    // The policy of the server forbids data: in scripts and styles; every asset is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "charts", test: /node_modules[\\/](echarts|zrender)[\\/]/ },
          ],
        },
      },
    },
  },
  test: {
    environment: "jsdom",
    // One jsdom for each worker instead of each file: a tenth of the time.
    pool: "vmThreads",
    setupFiles: ["src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.{ts,mjs}"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    restoreMocks: true,
  },
});
