/** The configuration as text. */

import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { part, post } from "../api";
import { Icon } from "../icons";
import { attempt, notify } from "../store";
import { Button, Card, FileButton, Trouble, bytes, moment, useResource } from "../ui";
import { dirty, problems, saved, text, write } from "./draft";
import type { ConfigProblem, ConfigText, ConfigVersion } from "../protocol";

const INDENT = "  ";
const LONGEST = 256 << 10;

export function TextTab() {
  return (
    <>
      <Card
        title={saved.value?.path.split(/[/\\]/).at(-1) ?? "config.toml"}
        actions={
          <>
            <FileButton label="Import" accept=".toml,text/plain" onFile={imported} />
            <a class="button" href="/api/config/file" download>
              <Icon name="download" />
              Export
            </a>
          </>
        }
      >
        {dirty.value && <p class="soft section-lead">“Export” gives the file as it was saved last.</p>}
        <Editor />
      </Card>
      <Versions />
    </>
  );
}

async function imported(file: File): Promise<void> {
  const before = text.value;
  if (file.size > LONGEST) return notify("error", `“${file.name}” is too long for a configuration.`);
  const content = await attempt(() => file.text());
  if (content === undefined) return;
  write(content);
  notify("info", `“${file.name}” is in the draft. Look it over, then save.`, {
    label: "Undo",
    run: () => write(before),
  });
}

/** Go to a line of the text (from 1). */
export function goTo(area: HTMLTextAreaElement, line: number): void {
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  area.scrollTop = Math.max(0, (line - 4) * (area.scrollHeight / Math.max(1, lines.length)));
}

function Editor() {
  const hint = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLOListElement>(null);
  const leaving = useSignal(false);
  const count = text.value.split("\n").length;
  const marked = new Map<number, ConfigProblem["level"]>();
  for (const { line, level } of problems.value) {
    if (line !== null && marked.get(line) !== "error") marked.set(line, level);
  }

  const keyed = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      leaving.value = true;
      return;
    }
    if (event.key !== "Tab" || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || leaving.value) {
      if (event.key !== "Tab" && event.key !== "Shift") leaving.value = false;
      return;
    }
    event.preventDefault();
    const field = area.current!;
    // Only this older interface keeps the browser's undo.
    if (!document.execCommand("insertText", false, INDENT)) {
      field.setRangeText(INDENT, field.selectionStart, field.selectionEnd, "end");
      write(field.value);
    }
  };

  return (
    <>
      <div class="editor">
        <ol ref={numbers} class="line-numbers" aria-hidden="true">
          {Array.from({ length: count }, (_, i) => (
            <li key={i} class={marked.get(i + 1) ?? ""}>
              {i + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={area}
          id="config-text"
          aria-label="The configuration as text"
          aria-describedby={hint}
          wrap="off"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={text.value}
          onInput={({ currentTarget: { value } }) => write(value)}
          onKeyDown={keyed}
          onBlur={() => (leaving.value = false)}
          onScroll={({ currentTarget: { scrollTop } }) => numbers.current && (numbers.current.scrollTop = scrollTop)}
        />
      </div>
      <small id={hint} class="hint">
        Tab puts in two spaces; to leave the text by keyboard, press Escape and then Tab.
      </small>
      <div role="status">
        <Problems onLine={(line) => area.current && goTo(area.current, line)} />
      </div>
    </>
  );
}

function Problems({ onLine }: { onLine: (line: number) => void }) {
  if (problems.value.length === 0) {
    return (
      <p class="fine">
        <Icon name="check" size={16} /> Nothing is wrong with it.
      </p>
    );
  }
  return (
    <ul class="problems">
      {problems.value.map((problem, i) => (
        <li key={i} class={problem.level}>
          {problem.line !== null && (
            <button type="button" class="button quiet" onClick={() => onLine(problem.line!)}>
              Line {problem.line}
            </button>
          )}
          <span>
            {problem.key && <code>{problem.key}</code>} {problem.message}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Versions() {
  const { data, error } = useResource<ConfigVersion[]>("/api/config/previous", "config");
  const shown = useSignal(8);
  const restore = async (version: ConfigVersion) => {
    const before = text.value;
    const previous = await attempt(() => post<ConfigText>(`/api/config/previous/${part(version.name)}`));
    if (!previous) return;
    write(previous.text);
    notify("info", `The version of ${moment(version.time)} is in the draft. Look it over, then save.`, {
      label: "Undo",
      run: () => write(before),
    });
  };
  return (
    <Card title="Previous versions">
      <Trouble text={error.value} />
      {data.value?.length === 0 && <p class="soft">Each time you save, the version before is kept here.</p>}
      <ul class="versions">
        {data.value?.slice(0, shown.value).map((version) => (
          <li key={version.name}>
            <span>{moment(version.time)}</span>
            <span class="soft">{bytes(version.size)}</span>
            <Button kind="quiet" icon="reset" onClick={() => restore(version)}>
              Restore<span class="hidden"> the version of {moment(version.time)}</span>
            </Button>
          </li>
        ))}
      </ul>
      {(data.value?.length ?? 0) > shown.value && (
        <Button kind="quiet" onClick={() => (shown.value += 20)}>
          Show more
        </Button>
      )}
    </Card>
  );
}
