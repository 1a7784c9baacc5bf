/** One take: its picture, its sound, and what can be done with it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { part } from "../api";
import { Icon } from "../icons";
import { remove } from "../models/undo";
import type { Range } from "../plot/zoom";
import { Button, bytes, duration, moment } from "../ui";
import { Learned, Tags, Title } from "./about";
import { Marks } from "./marks";
import { Origin } from "./origin";
import { Pauses } from "./trimming";
import { TakePicture } from "./picture";
import { Player, usePlayhead } from "./player";
import type { Take } from "../protocol";
import { called } from "./take";
import { WavButton } from "./wav";
import { counted, sentence } from "./words";

interface DetailProps {
  take: Take;
  tagsInUse: readonly string[];
  /** It takes the place of the list: then it comes into sight when it is opened. */
  alone: boolean;
  /** It was chosen, and is not just the newest. */
  picked: boolean;
  onBack: () => void;
  onTake: (name: string) => void;
}

export function Detail({ take, tagsInUse, alone, picked, onBack, onTake }: DetailProps) {
  const view = useSignal<Range | null>(null);
  const from = useSignal(0);
  const { playing, ask } = usePlayhead(take);
  const article = useRef<HTMLElement>(null);
  useEffect(() => {
    view.value = null;
    from.value = 0;
  }, [take.name]);
  useEffect(() => {
    if (!alone || !picked) return;
    article.current?.scrollIntoView({ block: "start" });
    article.current?.focus({ preventScroll: true });
  }, [take.name, picked]);
  const address = `/api/takes/${part(take.name)}`;
  return (
    <article class="card detail" ref={article} tabIndex={-1} aria-label={called(take)}>
      <div class="back">
        <Button kind="quiet" local onClick={onBack}>
          <span aria-hidden="true">←</span> All takes
        </Button>
      </div>
      <Title take={take} key={take.name} />
      <p class="soft detail-facts">
        {take.live && <span class="tag live">recording</span>}{" "}
        {take.title && take.started && `${moment(take.started)} · `}
        {duration(take.seconds)} · <span class="by-you">{counted(take.events, "event")} by you</span> ·{" "}
        {take.answers > 0 && <span class="by-it">{counted(take.answers, "event")} by the model · </span>}{" "}
        {counted(take.dimension - 1, "control")}
        {take.participant && ` · participant ${take.participant}`}
        {take.condition && ` · condition ${take.condition}`}
      </p>
      {take.problem && <p class="note bad">{sentence(take.problem)}</p>}
      <TakePicture
        key={take.name}
        take={take}
        view={view.value}
        onView={(next) => (view.value = next)}
        onPoint={(at) => (from.value = at)}
        head={ask}
        playing={playing}
        mark={from.value > 0 ? from.value : null}
      />
      {take.journal && <Marks take={take} key={`marks of ${take.name}`} onPoint={(at) => (from.value = at)} />}
      <Player take={take} playing={playing} from={from.value} onFrom={(at) => (from.value = at)} />
      <div class="detail-more">
        <Tags take={take} inUse={tagsInUse} key={take.name} />
        <div class="detail-learn">
          <Learned take={take} />
          <small class="hint">Switched off, it is left out of new datasets.</small>
          <Pauses takes={[take]} />
        </div>
      </div>
      {take.journal && (
        <Origin take={take} key={`origin of ${take.name}`} onPoint={(at) => (from.value = at)} onTake={onTake} />
      )}
      <footer class="row detail-files">
        <a class="button" href={`${address}/file`} download={take.name}>
          <Icon name="download" size={18} />
          Log <span class="soft">{bytes(take.size)}</span>
        </a>
        <a class="button" href={`${address}/midi`} download title="A standard MIDI file, by this workspace's mapping">
          <Icon name="download" size={18} />
          MIDI file
        </a>
        <a class="button" href={`${address}/csv`} download title="A table of its events, changes and markers">
          <Icon name="download" size={18} />
          CSV
        </a>
        {take.journal && (
          <a
            class="button"
            href={`${address}/zip`}
            download
            title="With its journal, configuration and models: impsy replay plays it again, exactly"
          >
            <Icon name="download" size={18} />
            Zip
          </a>
        )}
        <WavButton take={take} from={from.value} />
        <span class="soft grow clip mono file" title={take.name}>
          {take.name}
        </span>
        <Button
          kind="danger"
          icon="trash"
          disabled={take.live}
          title={take.live ? "It is being recorded: start a new take or stop the session first" : undefined}
          onClick={() => remove(address)}
        >
          Delete
        </Button>
      </footer>
    </article>
  );
}
