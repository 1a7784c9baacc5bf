// Runs a bundle of `main.ts` in Node: node node.mjs BUNDLE CASES KIND TOLERANCE
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const [bundle, cases, kind, tolerance] = process.argv.slice(2);
runInThisContext(readFileSync(bundle, "utf8"), { filename: bundle });
console.log(JSON.stringify(globalThis.check(kind, JSON.parse(readFileSync(cases, "utf8")), Number(tolerance))));
