/** All takes: found by words and tags, and one of them chosen. */

import { type Signal, useSignal } from "@preact/signals";
import { session } from "../store";
import { Field, duration } from "../ui";
import { Many } from "./many";
import { NOTHING, type Selection, clicked } from "./selection";
import { Small } from "./small";
import { tagsInUse } from "./tags";
import type { Take } from "../protocol";
import { ORDERS, type Order, called, fileName, found } from "./take";
import { counted } from "./words";

export interface Filter {
  text: string;
  tags: string[];
  order: Order;
}

interface ListProps {
  takes: readonly Take[];
  filter: Signal<Filter>;
  chosen: string | null;
  onChoose: (name: string) => void;
}

export function TakeList({ takes, filter, chosen, onChoose }: ListProps) {
  const { text, tags, order } = filter.value;
  const change = (changes: Partial<Filter>) => (filter.value = { ...filter.value, ...changes });
  const shown = found(takes, text, tags, order);
  const known = tagsInUse(takes);
  const selection = useSignal<Selection>(NOTHING);
  const names = shown.map((take) => take.name);
  const flip = (tag: string) =>
    change({ tags: tags.includes(tag) ? tags.filter((each) => each !== tag) : [...tags, tag] });
  return (
    <div class="take-column">
      <div class="take-filter" role="search">
        <Field label="Find">
          {(ids) => (
            <input
              {...ids}
              type="search"
              placeholder="Title, tag or date"
              value={text}
              onInput={(event) => change({ text: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label="Order">
          {(ids) => (
            <select {...ids} value={order} onChange={(event) => change({ order: event.currentTarget.value as Order })}>
              {ORDERS.map((each) => (
                <option key={each.value} value={each.value}>
                  {each.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {known.length > 0 && (
        <div class="tags" role="group" aria-label="Only takes with these tags">
          {known.slice(0, 24).map((tag) => (
            <button
              key={tag}
              type="button"
              class="button tag-button"
              aria-pressed={tags.includes(tag)}
              onClick={() => flip(tag)}
            >
              <span class="clip">{tag}</span>
            </button>
          ))}
        </div>
      )}
      <p class="hidden" role="status">
        {counted(shown.length, "take")} shown
      </p>
      <Many takes={takes} shown={names} selection={selection} />
      {shown.length === 0 ? (
        <p class="soft nothing">No take is like that. Clear what you search for to see all {takes.length}.</p>
      ) : (
        <ul class="plain takes" aria-label="Takes">
          {shown.map((take) => (
            <li key={take.name} class="take-line">
              <label class="take-box">
                <input
                  type="checkbox"
                  aria-label={`Select ${called(take)}`}
                  title="Select; with Shift all from the one before"
                  checked={selection.value.names.has(take.name)}
                  onClick={(event) => (selection.value = clicked(selection.value, names, take.name, event.shiftKey))}
                />
              </label>
              <Row take={take} chosen={take.name === chosen} onChoose={onChoose} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Row({ take, chosen, onChoose }: { take: Take; chosen: boolean; onChoose: (name: string) => void }) {
  return (
    <button type="button" class="take" aria-current={chosen ? "true" : undefined} onClick={() => onChoose(take.name)}>
      <span class="take-head">
        {take.live && <i class="pulse" aria-hidden="true" />}
        <b class="clip" title={called(take)}>
          {called(take)}
        </b>
        {take.live && <span class="tag live">recording</span>}
        {take.participant && <span class="tag clip">{take.participant}</span>}
        {take.condition && <span class="tag clip">{take.condition}</span>}
        {take.excluded && <span class="tag">not learned</span>}
        {take.looking && <span class="tag">being read</span>}
        {take.problem && <span class="tag bad">damaged</span>}
      </span>
      <Small take={take} />
      <Figures take={take} />
      {take.tags.length > 0 && (
        <span class="tags">
          {take.tags.map((tag) => (
            <span key={tag} class="tag clip">
              {tag}
            </span>
          ))}
        </span>
      )}
    </button>
  );
}

/** The length of the live take comes from the session's state, each second. */
function Figures({ take }: { take: Take }) {
  const log = take.live ? session.value.state?.log : undefined;
  const rows = log && fileName(log.file) === take.name ? log.rows : 0;
  const growing = rows > take.events + take.answers;
  return (
    <span class="take-figures">
      <span>{duration(take.seconds)}</span>
      {growing ? (
        <span>{counted(rows, "event")} so far</span>
      ) : (
        <>
          <span class="by-you">{counted(take.events, "event")}</span>
          {take.answers > 0 && <span class="by-it">{counted(take.answers, "event")} by the model</span>}
        </>
      )}
    </span>
  );
}
