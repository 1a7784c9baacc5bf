/** A new workspace, in three small steps. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError, post } from "../api";
import { type IconName, Icon } from "../icons";
import { tooLong } from "../record/words";
import { navigate } from "../router";
import { overview, refreshOverview, notify } from "../store";
import type { ConfigAnswer, Mode, Setup, SetupTemplate } from "../protocol";
import { Button, Card, Field, Page, Trouble, useResource } from "../ui";
import { adopt, load } from "./draft";
import { devices, midiHealth, midiNames, serialHealth, serialNames, useDevices } from "./devices";
import { DeviceField, Odd } from "./fields";
import { asNumber } from "./form";
import { ModeCards } from "./instrument";

const STEPS = ["What you play", "Controls", "Name"] as const;
const MOST = 64;
const INCLUDED = 8;
const LONGEST_TITLE = 200;

const ICONS: Record<SetupTemplate["id"], IconName> = {
  browser: "hand",
  midi: "perform",
  osc: "sound",
  serial: "system",
};

export function Wizard() {
  const { data, error, reload } = useResource<Setup>("/api/setup");
  const step = useSignal(0);
  const template = useSignal<SetupTemplate["id"]>("browser");
  const controls = useSignal("8");
  const title = useSignal("");
  const mode = useSignal<Mode>("callresponse");
  const input = useSignal("");
  const output = useSignal("");
  const failed = useSignal("");
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useDevices();
  useEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [step.value]);

  const number = asNumber(controls.value, true);
  const fits = number !== null && number >= 1 && number <= MOST;

  const finish = async () => {
    failed.value = "";
    const hardware = template.value === "midi" || template.value === "serial";
    try {
      const answer = await post<ConfigAnswer>("/api/setup", {
        title: title.value.trim() || overview.value?.workspace || "My instrument",
        template: template.value,
        dimension: (number ?? INCLUDED) + 1,
        mode: mode.value,
        ...(hardware && input.value.trim() ? { in_device: input.value.trim() } : {}),
        ...(template.value === "midi" && output.value.trim() ? { out_device: output.value.trim() } : {}),
      });
      await refreshOverview();
      const started = await post("/api/session/start").then(
        () => true,
        (problem: Error) => notify("error", problem.message),
      );
      navigate("/");
      adopt(answer);
      if (started === true) notify("info", "Your instrument is ready. Move a fader!");
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 409) await load();
      failed.value =
        problem instanceof ApiError && problem.advice
          ? `${problem.message} ${problem.advice}`
          : (problem as Error).message;
    }
  };
  const next = () => (step.value === STEPS.length - 1 ? finish() : void (step.value += 1));

  return (
    <Page title="A new instrument" lead="Three questions, and it plays. All of it can be changed later.">
      <ol class="wizard-steps" aria-label="Steps">
        {STEPS.map((name, i) => (
          <li key={name} aria-current={i === step.value ? "step" : undefined} class={i < step.value ? "done" : ""}>
            <span aria-hidden="true">{i < step.value ? <Icon name="check" size={14} /> : i + 1}</span>
            {name}
          </li>
        ))}
      </ol>
      <Card class="wizard">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (step.value < STEPS.length - 1 && (step.value !== 1 || fits)) step.value += 1;
          }}
        >
          <h2 ref={heading} tabIndex={-1}>
            {["What do you play?", "How many controls?", "What is it called, and how does it play?"][step.value]}
          </h2>
          {step.value === 0 && (
            <>
              <Trouble text={error.value} />
              {error.value && <Button onClick={reload}>Try again</Button>}
              <fieldset class="choices">
                <legend class="hidden">What you play</legend>
                {(data.value?.templates ?? []).map((each) => (
                  <Choice
                    key={each.id}
                    name="template"
                    value={each.id}
                    chosen={template}
                    icon={ICONS[each.id]}
                    title={each.title}
                  >
                    {each.description}
                  </Choice>
                ))}
              </fieldset>
            </>
          )}
          {step.value === 1 && (
            <>
              <Count text={controls} fits={fits} number={number} />
              {template.value === "midi" && <MidiPickers input={input} output={output} />}
              {template.value === "serial" && (
                <div class="form">
                  <DeviceField
                    label="Which port?"
                    keyOf={["serial", "port"]}
                    value={input.value}
                    present={serialNames()}
                    health={input.value ? serialHealth(input.value, "serial") : null}
                    hint="It may be plugged in later: then leave this empty."
                    onValue={(name) => (input.value = name)}
                  />
                </div>
              )}
            </>
          )}
          {step.value === 2 && (
            <>
              <Field label="Name" error={tooLong(title.value.trim(), LONGEST_TITLE, "A name")}>
                {(ids) => (
                  <input
                    {...ids}
                    type="text"
                    autocomplete="off"
                    placeholder={overview.value?.workspace || "My instrument"}
                    value={title.value}
                    onInput={({ currentTarget: { value } }) => (title.value = value)}
                  />
                )}
              </Field>
              <ModeCards value={mode.value} onChange={(value) => (mode.value = value)} />
              {failed.value && (
                <p class="error" role="alert">
                  {failed.value}
                </p>
              )}
            </>
          )}
          <div class="wizard-buttons">
            {step.value > 0 ? (
              <Button local onClick={() => void (step.value -= 1)}>
                Back
              </Button>
            ) : (
              <span />
            )}
            <Button
              kind="main"
              local={step.value < STEPS.length - 1}
              disabled={(step.value === 1 && !fits) || data.value === null || title.value.trim().length > LONGEST_TITLE}
              onClick={next}
            >
              {step.value === STEPS.length - 1 ? "Start playing" : "Next"}
            </Button>
          </div>
        </form>
      </Card>
    </Page>
  );
}

function Choice(props: {
  name: string;
  value: SetupTemplate["id"];
  chosen: { value: SetupTemplate["id"] };
  icon: IconName;
  title: string;
  children: ComponentChildren;
}) {
  return (
    <label class="choice">
      <input
        type="radio"
        name={props.name}
        value={props.value}
        checked={props.chosen.value === props.value}
        onChange={() => (props.chosen.value = props.value)}
      />
      <span>
        <Icon name={props.icon} size={28} />
        <b>{props.title}</b>
        <small>{props.children}</small>
      </span>
    </label>
  );
}

function Count(props: { text: { value: string }; fits: boolean; number: number | null }) {
  const { text, fits, number } = props;
  const to = (value: number) => (text.value = String(Math.min(MOST, Math.max(1, value))));
  return (
    <div class="count">
      <Field
        label="Faders, knobs, keys … that you and the model play"
        error={fits ? undefined : `Wanted: a whole number from 1 to ${MOST}.`}
        hint={
          number === INCLUDED
            ? "8 controls: a trained model is included, so it answers at once."
            : "Until you have trained a model on your own playing, it plays random values. For 8 controls a trained model is included."
        }
      >
        {(ids) => (
          <div class="stepper">
            <Button
              local
              label="One less"
              disabled={number !== null && number <= 1}
              onClick={() => to((number ?? INCLUDED + 1) - 1)}
            >
              −
            </Button>
            <input
              {...ids}
              type="text"
              inputMode="numeric"
              autocomplete="off"
              value={text.value}
              onInput={({ currentTarget: { value } }) => (text.value = value)}
            />
            <Button
              local
              icon="plus"
              label="One more"
              disabled={number !== null && number >= MOST}
              onClick={() => to((number ?? INCLUDED - 1) + 1)}
            />
          </div>
        )}
      </Field>
    </div>
  );
}

function MidiPickers(props: { input: { value: string }; output: { value: string } }) {
  const midi = devices.value?.midi;
  const picker = (way: "input" | "output", label: string, chosen: { value: string }) => {
    const present = midiNames(way);
    return (
      <DeviceField
        label={label}
        keyOf={["midi", way]}
        value={chosen.value}
        present={present}
        health={chosen.value ? midiHealth(chosen.value, way) : null}
        hint={present.length > 0 ? "It may be plugged in later, too." : "None is plugged in yet; it may come later."}
        onValue={(name) => (chosen.value = name)}
      />
    );
  };
  return (
    <>
      <h3>Which devices?</h3>
      <Odd text={midi?.error || undefined} />
      <div class="form">
        {picker("input", "Controller", props.input)}
        {picker("output", "Synthesiser", props.output)}
      </div>
    </>
  );
}
