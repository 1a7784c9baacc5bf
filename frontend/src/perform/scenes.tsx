/** Scenes: sets of settings that are recalled at once. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { del, part, put } from "../api";
import { tooLong } from "../record/words";
import { SETTINGS, type Scene, type State } from "../protocol";
import { attempt, command, notify, overview, refreshOverview } from "../store";
import { Button, Dialog, Field } from "../ui";

type Settings = Partial<Omit<Scene, "name">>;

/** Whether a setting means something now: those of the shared time do where there is one, and the tempo where it is set. */
const counts = (row: (typeof SETTINGS)[number], { source }: State["clock"]): boolean =>
  row.section !== "clock" || (source !== "off" && (row.name !== "tempo" || source !== "midi"));

/** The settings of now as a scene. */
export function sceneOf(state: State, models: readonly string[]): Settings {
  const live = SETTINGS.filter((row) => row.inScenes && counts(row, state.clock)).map((row) => [
    row.key,
    state[row.name],
  ]);
  return {
    ...Object.fromEntries(live),
    ...(models.includes(state.model) ? { model: `models/${state.model}` } : {}),
  };
}

/** Without what it leaves as it is. */
function filled({ name: _, ...scene }: Scene): Settings {
  return Object.fromEntries(Object.entries(scene).filter(([, value]) => value !== null && value !== undefined));
}

async function write(name: string, scene: Settings): Promise<boolean> {
  const done = await attempt(async () => {
    await put(`/api/scenes/${part(name)}`, scene);
    await refreshOverview();
    return true;
  });
  return done ?? false;
}

async function remove(scene: Scene): Promise<void> {
  const done = await attempt(async () => {
    await del(`/api/scenes/${part(scene.name)}`);
    await refreshOverview();
    return true;
  });
  if (!done) return;
  notify("info", `The scene “${scene.name}” is gone.`, {
    label: "Undo",
    run: () => void write(scene.name, filled(scene)),
  });
}

const LONGEST_NAME = 60;

/** What is wrong with a name; undefined: nothing. It is a part of an address, so it has no slash. */
export const faultOf = (name: string): string | undefined =>
  /[/\\]/.test(name) || /^\.+$/.test(name.trim())
    ? "A name without slashes, please, and more than dots."
    : tooLong(name.trim(), LONGEST_NAME, "A name");

/** The parts of a scene, in words. */
const KEPT = ["Model", ...SETTINGS.filter((row) => row.inScenes).map((row) => row.title.toLowerCase())]
  .join(", ")
  .replace(/, ([^,]*)$/, " and $1");

export function Scenes({ state }: { state: State | null }) {
  const saving = useSignal(false);
  const name = useSignal("");
  const input = useRef<HTMLInputElement>(null);
  // Typing replaces the name that is offered.
  useLayoutEffect(() => void (saving.value && input.current?.select()), [saving.value]);
  const answer = overview.value;
  const scenes = answer?.scenes ?? [];
  const open = () => {
    name.value = state?.scene || `scene ${scenes.length + 1}`;
    saving.value = true;
  };
  const known = scenes.some((scene) => scene.name === name.value.trim());
  const fault = faultOf(name.value);
  const save = async () => {
    const wanted = name.value.trim();
    if (!wanted || fault || state === null) return;
    if (!(await write(wanted, sceneOf(state, answer?.models ?? [])))) return;
    saving.value = false;
    notify("info", `Saved as “${wanted}”.`);
  };
  return (
    <div class="scenes" role="group" aria-label="Scenes">
      {scenes.map((scene, place) => (
        <span key={scene.name} class="scene">
          <Button
            pressed={state?.scene === scene.name}
            disabled={state === null}
            title={`${scene.name}${place < 9 ? ` (Shift+${place + 1})` : ""}`}
            onClick={() => command("scene", scene.name)}
          >
            <span class="scene-name">{scene.name}</span>
          </Button>
          <Button icon="cross" kind="quiet" label={`Delete the scene ${scene.name}`} onClick={() => remove(scene)} />
        </span>
      ))}
      <Button icon="plus" disabled={state === null} onClick={open}>
        Save as scene …
      </Button>
      <Dialog title="Save as scene" open={saving.value} onClose={() => (saving.value = false)}>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Field
            label="Name"
            error={fault}
            hint={known ? "There is one of this name: it becomes what plays now." : `${KEPT}, as they are now.`}
          >
            {(ids) => (
              <input
                {...ids}
                ref={input}
                autofocus
                value={name.value}
                onInput={(event) => (name.value = event.currentTarget.value)}
              />
            )}
          </Field>
          <div class="row">
            <Button kind="main" type="submit" disabled={!name.value.trim() || fault !== undefined}>
              {known ? "Replace" : "Save"}
            </Button>
            <Button local onClick={() => (saving.value = false)}>
              Cancel
            </Button>
          </div>
        </form>
      </Dialog>
    </div>
  );
}
