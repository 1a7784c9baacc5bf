/** The moments of a take that were marked while it was played. */

import type { Take, TakeMark } from "../protocol";
import { part } from "../api";
import { duration, useResource } from "../ui";

interface MarksProps {
  take: Take;
  /** Playing back begins here. */
  onPoint: (at: number) => void;
}

export function Marks({ take, onPoint }: MarksProps) {
  const { data } = useResource<TakeMark[]>(`/api/takes/${part(take.name)}/marks`);
  const marks = data.value ?? [];
  if (marks.length === 0) return null;
  return (
    <div class="tags" role="group" aria-label="Marked moments">
      {marks.map((mark, number) => (
        <button
          key={number}
          type="button"
          class="button tag-button"
          title="Listen from here"
          onClick={() => onPoint(Math.min(Math.max(0, mark.at), take.seconds))}
        >
          <span class="soft">{duration(Math.max(0, mark.at))}</span>
          <span class="clip">{mark.text || `mark ${number + 1}`}</span>
        </button>
      ))}
    </div>
  );
}
