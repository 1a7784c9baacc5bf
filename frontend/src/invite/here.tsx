/** What the Perform page shows those who were invited. */

import { guest, plays, whoYouAre } from "../guest";
import { command } from "../store";
import { Button } from "../ui";
import "./invite.css";

/** Who they are here; nothing for the owner. `names`: of the controls. */
export function WhoYouAre({ names }: { names: readonly string[] }) {
  const words = whoYouAre(guest.value, names);
  return words === "" ? null : (
    <p class="who-you-are" role="status">
      {words}
    </p>
  );
}

/** In place of pause, reset and the like. */
export function GuestTransport() {
  if (!plays.value) return null;
  return (
    <Button icon="panic" kind="danger" title="Panic: every note ends (Esc)" onClick={() => command("panic")}>
      Panic
    </Button>
  );
}
