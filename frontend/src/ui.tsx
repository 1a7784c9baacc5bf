/** The pieces that all pages are made of. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { ApiError, get } from "./api";
import { Icon, type IconName } from "./icons";
import type { Topic } from "./protocol";
import { connection } from "./socket";
import { version } from "./store";
import { setTrouble } from "./troubles";

export { bytes, duration, moment } from "./format";

/** A page: its heading, what it is for, its main buttons. */
export function Page(props: {
  title: string;
  lead?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <>
      <header class="page-head">
        <div>
          <h1>{props.title}</h1>
          {props.lead && <p class="lead">{props.lead}</p>}
        </div>
        {props.actions && <div class="row">{props.actions}</div>}
      </header>
      {props.children}
    </>
  );
}

/** Whether what needs the web process cannot work now. */
export const isAway = (): boolean => connection.value === "lost";

/** A framed part of a page. */
export function Card(props: {
  title?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}) {
  return (
    <section class={`card ${props.class ?? ""}`}>
      {(props.title || props.actions) && (
        <header class="card-head">
          {props.title && <h2>{props.title}</h2>}
          {props.actions && <div class="row">{props.actions}</div>}
        </header>
      )}
      {props.children}
    </section>
  );
}

interface ButtonProps {
  onClick?: () => unknown;
  icon?: IconName;
  /** The name of a button that shows only an icon. */
  label?: string;
  kind?: "plain" | "main" | "danger" | "quiet";
  pressed?: boolean;
  disabled?: boolean;
  /** It works without the web process. */
  local?: boolean;
  title?: string;
  type?: "button" | "submit";
  children?: ComponentChildren;
}

/** A button that cannot be pressed while what it started goes on, or what it needs is away. */
export function Button({
  onClick,
  icon,
  label,
  kind = "plain",
  pressed,
  disabled,
  local,
  title,
  type = "button",
  children,
}: ButtonProps) {
  const busy = useSignal(false);
  const press = async () => {
    if (!onClick || busy.value) return;
    const result = onClick();
    if (!(result instanceof Promise)) return;
    busy.value = true;
    try {
      await result;
    } finally {
      busy.value = false;
    }
  };
  return (
    <button
      type={type}
      class={`button ${kind}`}
      onClick={onClick ? press : undefined}
      disabled={disabled || busy.value || (!local && isAway())}
      aria-pressed={pressed}
      aria-label={label}
      aria-busy={busy.value}
      title={title ?? label}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** What the configuration calls a setting, in small print behind its title, unless that says it already. */
export function KeyName(props: { of: string | undefined; title: string }) {
  return props.of && props.of !== props.title.toLowerCase().replaceAll(" ", "_") ? (
    <code class="key-name" aria-hidden="true">
      {props.of}
    </code>
  ) : null;
}

/** A label, its control, and what is wrong with it. `children` gets the id to put on the control. */
export function Field(props: {
  label: string;
  /** Its key in the configuration, in small print. */
  of?: string | undefined;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (ids: {
    id: string;
    "aria-describedby": string | undefined;
    "aria-invalid": boolean | undefined;
  }) => ComponentChildren;
}) {
  const id = useId();
  const described = props.error || props.hint ? `${id}-more` : undefined;
  return (
    <div class={`field ${props.error ? "wrong" : ""}`}>
      <label for={id}>
        {props.label}
        <KeyName of={props.of} title={props.label} />
      </label>
      {props.children({ id, "aria-describedby": described, "aria-invalid": props.error ? true : undefined })}
      {described && (
        <small id={described} class={props.error ? "error" : "hint"}>
          {props.error ?? props.hint}
        </small>
      )}
    </div>
  );
}

const BELIEVED = 2000; // ms

/**
 * The value of a switch whose state the server keeps: what was just chosen, until the server reports another value, or
 * for two seconds. Without this, anything that draws the page before the answer shows the old value for a moment.
 */
function useChoice<T>(told: T): [T, (value: T) => void] {
  const made = useSignal<{ value: T } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const believe = (now: { value: T } | null) => {
    clearTimeout(timer.current);
    made.value = now;
    if (now) timer.current = setTimeout(() => (made.value = null), BELIEVED);
  };
  useLayoutEffect(() => believe(null), [told]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [made.value ? made.value.value : told, (value) => believe({ value })];
}

/** On or off. */
export function Toggle(props: {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
  disabled?: boolean;
  /** It works without the web process. */
  local?: boolean;
}) {
  const [value, choose] = useChoice(props.value);
  return (
    <label class="toggle">
      <input
        type="checkbox"
        role="switch"
        checked={value}
        disabled={props.disabled || (!props.local && isAway())}
        onChange={(event) => {
          choose(event.currentTarget.checked);
          props.onChange(event.currentTarget.checked);
        }}
      />
      <span>{props.label}</span>
    </label>
  );
}

/** One of a few, side by side. */
export function Segments<T extends string>(props: {
  label: string;
  value: T | null;
  options: readonly { value: T; label: string; title?: string }[];
  onChange: (value: T) => void;
  disabled?: boolean;
  /** It works without the web process. */
  local?: boolean;
}) {
  const name = useId();
  const [value, choose] = useChoice(props.value);
  return (
    <fieldset class="segments" disabled={props.disabled || (!props.local && isAway())}>
      <legend class="hidden">{props.label}</legend>
      {props.options.map((option) => (
        <label key={option.value} title={option.title}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={value === option.value}
            onChange={() => {
              choose(option.value);
              props.onChange(option.value);
            }}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A dialog over the page; Escape and a click beside it close it. */
export function Dialog(props: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    if (props.open && !dialog?.open) dialog?.showModal();
    if (!props.open && dialog?.open) dialog.close();
  }, [props.open]);
  return (
    <dialog
      ref={element}
      class={props.wide ? "wide" : ""}
      aria-labelledby={heading}
      onClose={props.onClose}
      onClick={(event) => event.target === element.current && props.onClose()}
    >
      {props.open && (
        <div class="dialog-body">
          <header class="card-head">
            <h2 id={heading}>{props.title}</h2>
            <Button icon="cross" label="Close" kind="quiet" local onClick={props.onClose} />
          </header>
          {props.children}
        </div>
      )}
    </dialog>
  );
}

/** A file from this computer. */
export function FileButton(props: {
  label: string;
  accept: string;
  onFile: (file: File) => Promise<unknown>;
  icon?: IconName;
}) {
  const input = useRef<HTMLInputElement>(null);
  const busy = useSignal(false);
  const chosen = async () => {
    const file = input.current?.files?.[0];
    if (!file) return;
    busy.value = true;
    try {
      await props.onFile(file);
    } finally {
      busy.value = false;
      if (input.current) input.current.value = "";
    }
  };
  return (
    <>
      <input ref={input} hidden type="file" accept={props.accept} onChange={() => void chosen()} />
      <Button icon={props.icon ?? "upload"} disabled={busy.value} onClick={() => input.current?.click()}>
        {props.label}
      </Button>
    </>
  );
}

/** How far something is. `value` from 0 to 1; null: not known. */
export function Progress(props: { label: string; value: number | null }) {
  return <progress class="progress" aria-label={props.label} max={1} value={props.value ?? undefined} />;
}

export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={props.icon} size={40} />
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** The answer to `GET path`, requested again whenever one of `what` changed. */
export function useResource<T>(path: string | null, ...what: Topic[]) {
  const data = useSignal<T | null>(null);
  const error = useSignal("");
  const newest = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++newest.current;
    if (path === null) return;
    try {
      const answer = await get<T>(path);
      if (mine !== newest.current) return;
      data.value = answer;
      error.value = "";
    } catch (problem) {
      if (mine !== newest.current) return;
      error.value = problem instanceof ApiError ? problem.message : String(problem);
    }
  }, [path]);
  const versions = what.map((each) => version(each).value).join(",");
  useEffect(() => void reload(), [reload, versions]);
  const connected = connection.value === "open";
  useEffect(() => void (connected && error.peek() && reload()), [connected]);
  return { data, error, reload };
}

/** Has the banner above the page show what is wrong, for as long as it is. */
export function Trouble(props: { text: string }) {
  const me = useRef({}).current;
  useLayoutEffect(() => setTrouble(me, props.text), [props.text]);
  useLayoutEffect(() => () => setTrouble(me, ""), []);
  return null;
}
