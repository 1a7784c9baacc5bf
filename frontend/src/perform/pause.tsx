/** Pause, and going on. */

import { command } from "../store";
import { Button } from "../ui";

/** `wordClass`: of the word beside the picture. */
export function PauseButton({ paused, wordClass }: { paused: boolean; wordClass?: string }) {
  return (
    <Button
      icon={paused ? "play" : "pause"}
      pressed={paused}
      title={paused ? "Go on (P)" : "Pause (P)"}
      onClick={() => command("pause", !paused)}
    >
      <span class={wordClass}>{paused ? "Go on" : "Pause"}</span>
    </Button>
  );
}
