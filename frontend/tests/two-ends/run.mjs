// node run.mjs SCRIPT CASES ANSWERS: the cases of a JSON file through the script that bundle.mjs made.
import { readFileSync, writeFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const [script, cases, target] = process.argv.slice(2);
runInThisContext(readFileSync(script, "utf8"), { filename: script });
const answers = await globalThis.answers(JSON.parse(readFileSync(cases, "utf8")));
writeFileSync(target, JSON.stringify({ answers, limits: globalThis.limits }));
