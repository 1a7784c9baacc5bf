// node bundle.mjs ENTRY OUTPUT: a module and all that it imports as one script.
import { rolldown } from "rolldown";

const [input, file] = process.argv.slice(2);
const bundle = await rolldown({ input });
await bundle.write({ file, format: "iife" });
