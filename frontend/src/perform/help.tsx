/** Which key does what. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dialog } from "../ui";
import { DOWN_ROW, keyName, UP_ROW } from "./keys";

interface Keyboard {
  getLayoutMap: () => Promise<ReadonlyMap<string, string>>;
}

function Row(props: { codes: readonly string[]; layout: ReadonlyMap<string, string> | undefined }) {
  return (
    <>
      {props.codes.map((code) => (
        <kbd key={code}>{keyName(code, props.layout)}</kbd>
      ))}
    </>
  );
}

export function Help(props: { open: boolean; onClose: () => void; count: number }) {
  const layout = useSignal<ReadonlyMap<string, string> | undefined>(undefined);
  useEffect(() => {
    const { keyboard } = navigator as Navigator & { keyboard?: Keyboard };
    // Not every browser gives the layout; a common keyboard is assumed then.
    if (props.open)
      keyboard?.getLayoutMap().then(
        (map) => (layout.value = map),
        () => undefined,
      );
  }, [props.open]);
  return (
    <Dialog title="Play with keys" open={props.open} onClose={props.onClose} wide>
      <dl class="key-help">
        <dt>
          <Row codes={UP_ROW} layout={layout.value} />
        </dt>
        <dd>raise faders 1 to 10 for as long as they are held; several at once are fine</dd>
        <dt>
          <Row codes={DOWN_ROW} layout={layout.value} />
        </dt>
        <dd>lower them</dd>
        {props.count > 10 && (
          <>
            <dt>
              <Row
                codes={["BracketLeft", "BracketRight"]}
                layout={
                  layout.value ??
                  new Map([
                    ["BracketLeft", "["],
                    ["BracketRight", "]"],
                  ])
                }
              />
            </dt>
            <dd>the ten faders before, the ten after</dd>
          </>
        )}
        <dt>
          <kbd>1</kbd> … <kbd>9</kbd> <kbd>0</kbd>
        </dt>
        <dd>choose a fader</dd>
        <dt>
          <kbd>↑</kbd> <kbd>↓</kbd>
        </dt>
        <dd>move the chosen fader a little; with Shift, or by Page up and Page down, by a tenth</dd>
        <dt>
          <kbd>Home</kbd> <kbd>End</kbd>
        </dt>
        <dd>to the bottom, to the top</dd>
        <dt>
          <kbd>Shift</kbd> <kbd>1</kbd> … <kbd>9</kbd>
        </dt>
        <dd>recall a scene</dd>
        <dt>
          <kbd>P</kbd>
        </dt>
        <dd>pause and go on</dd>
        <dt>
          <kbd>Shift</kbd> <kbd>R</kbd>
        </dt>
        <dd>reset: the model forgets what it heard, and that cannot be undone</dd>
        <dt>
          <kbd>O</kbd>
        </dt>
        <dd>another: what it is about to play is thrown away, and it draws something else</dd>
        <dt>
          <kbd>T</kbd>
        </dt>
        <dd>tap the tempo</dd>
        <dt>
          <kbd>Shift</kbd> <kbd>M</kbd>
        </dt>
        <dd>mark this moment in the take</dd>
        <dt>
          <kbd>Shift</kbd> <kbd>F</kbd>
        </dt>
        <dd>the stage view, which fills the screen, and back; Esc leaves it</dd>
        <dt>
          <kbd>←</kbd> <kbd>→</kbd> <kbd>Enter</kbd>
        </dt>
        <dd>on the timeline: look back and forward, hear it again; Esc goes back to now, M marks</dd>
        <dt>
          <kbd>I</kbd>
        </dt>
        <dd>the monitor, with the messages that pass the ports, and close it again; on every page</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>panic: every note ends</dd>
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>this help</dd>
      </dl>
    </Dialog>
  );
}
