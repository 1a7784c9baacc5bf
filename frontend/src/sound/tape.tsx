/** Recording what the synthesiser plays. */

import { clock } from "../plot/words";
import { Button, bytes } from "../ui";
import { startTaping, stopTaping, taping } from "./recorder";
import { sounding } from "./state";

export function TapeButton() {
  const now = taping.value;
  if (now !== null) {
    return (
      <Button local icon="stop" kind="main" onClick={stopTaping} title="It is saved as a WAV file">
        Stop and save <span class="tape-time">{clock(now.seconds)}</span> {bytes(now.bytes)}
      </Button>
    );
  }
  return (
    <Button
      local
      icon="record"
      disabled={sounding.value !== "on"}
      title="What this page plays, as a WAV file"
      onClick={startTaping}
    >
      Record the sound
    </Button>
  );
}
