import { defineConfig } from "vitest/config";

// The pages are built into the Python package, which serves them. `npm run dev` serves them itself and passes
// everything else on to an `impsy webui` that runs.
export default defineConfig({
  build: {
    outDir: "../src/impsy/web/static",
    emptyOutDir: true,
    target: "es2022",
    // Small files could be put into the page itself, but the page allows no inline sources.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What is packed into the pages comes with its terms.
    license: { fileName: "licences.md" },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:4000", "/ws": { target: "ws://127.0.0.1:4000", ws: true } },
  },
  // A busy machine may take long for a test.
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 60_000 },
});
