/** Scenes: named sets of settings, recalled while playing. They are added on the Perform page. */

import { follow } from "../router";
import { notify } from "../store";
import { Button, Card, Empty } from "../ui";
import { change, remove, values } from "./draft";
import { FormRows, Said } from "./fields";
import { ModelFile } from "./instrument";
import type { Change } from "./types";
import { tableAt, valueAt } from "./values";

export function Scenes() {
  const scenes = tableAt(values.value, ["scenes"]);
  const names = Object.keys(scenes);
  const drop = (name: string) => {
    const gone = valueAt(values.value, ["scenes", name]);
    remove(names.length === 1 ? ["scenes"] : ["scenes", name]);
    const back: Change[] = gone === undefined ? [] : [{ key: ["scenes", name], value: gone }];
    notify("info", `The scene “${name}” was taken out.`, { label: "Undo", run: () => change(...back) });
  };
  if (names.length === 0) {
    return (
      <Card>
        <Empty icon="tag" title="No scenes yet">
          <p>
            A scene is a name for a mode, a variation, a surprise, a speed and a model. Find what you like on the
            Perform page, and keep it there as a scene.
          </p>
          <a class="button main" href="/" onClick={follow}>
            To Perform
          </a>
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <p class="lead section-lead">
        Recalled on the Perform page, or by OSC: <code>/impsy/scene</code> and the name. What a scene leaves empty stays
        as it is.
      </p>
      {names.map((name) => (
        <Card
          key={name}
          title={name}
          actions={<Button icon="trash" kind="quiet" label={`Delete ${name}`} onClick={() => drop(name)} />}
        >
          <Said of={["scenes", name]} />
          <div class="form">
            <FormRows section={["scenes", name]} skip={["model"]} />
            <ModelFile at={["scenes", name, "model"]} label="Model file" none="Stays as it is" />
          </div>
        </Card>
      ))}
    </>
  );
}
