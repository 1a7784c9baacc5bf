import { defineConfig } from "vite";

// The instrument that `impsy export-page` puts into a file: one script and one style sheet, with no address of
// anything else in them. What is in instrument/ is copied as it is.
export default defineConfig({
  publicDir: "instrument",
  build: {
    outDir: "../src/impsy/exporting/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    modulePreload: false,
    license: { fileName: "licences.md" },
    rolldownOptions: {
      input: "src/instrument/main.tsx",
      output: {
        codeSplitting: false,
        entryFileNames: "instrument.js",
        assetFileNames: "instrument[extname]",
      },
    },
  },
});
