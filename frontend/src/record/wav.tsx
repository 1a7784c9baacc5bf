/** A take as a WAV file, by the sound that is chosen on the Sound page. */

import { useSignal } from "@preact/signals";
import { part } from "../api";
import type { Take } from "../protocol";
import { kindsNow, sound } from "../sound/state";
import { attempt, notify } from "../store";
import { Button } from "../ui";
import { beside, saveAs } from "./saving";
import { about } from "./words";

/** Bytes of a log that a page reads: an hour of dense playing has some ten million. */
const LARGEST = 64_000_000;

async function log(take: Take): Promise<string> {
  const answer = await fetch(`/api/takes/${part(take.name)}/file`);
  if (!answer.ok) throw new Error(`${take.name} cannot be read: is it still there?`);
  return answer.text();
}

export function WavButton({ take, from }: { take: Take; from: number }) {
  const share = useSignal<number | null>(null);
  const save = () =>
    attempt(async () => {
      share.value = 0;
      try {
        const { LONGEST, rendered, rowsOf } = await import("../sound/rendering");
        const rows = rowsOf(await log(take), from, from + LONGEST);
        if (rows.length === 0) throw new Error("Nothing was played there: choose an earlier place.");
        const kinds = kindsNow();
        const controls = take.dimension - 1;
        const fitting = kinds.length === controls ? kinds : Array<string>(controls).fill("value");
        const file = await rendered(rows, sound.value, fitting, (now) => (share.value = now));
        saveAs(file, beside(take.name, "wav"));
        if (take.seconds - from > LONGEST) {
          notify("info", `It has ${about(LONGEST)} of the take. Choose a later place, and save again, for more.`);
        }
      } finally {
        share.value = null;
      }
    });
  return (
    <Button
      icon="download"
      disabled={take.events + take.answers === 0 || take.size > LARGEST}
      title={
        take.size > LARGEST
          ? "It is too long for a page to play it into a file"
          : "Its sound, as chosen on the Sound page, from the chosen place on"
      }
      onClick={save}
    >
      {share.value === null ? "WAV" : `WAV ${Math.round(100 * share.value)} %`}
    </Button>
  );
}
