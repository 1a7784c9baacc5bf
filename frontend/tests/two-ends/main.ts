// The cases as a function of the whole program: `answers(cases)`.
import { answer, type Case, limits } from "./cases";

async function answers(cases: Case[]): Promise<unknown[]> {
  const found = [];
  for (const each of cases) found.push(await answer(each));
  return found;
}

Object.assign(globalThis, { answers, limits });
