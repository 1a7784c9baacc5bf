"""What is gained by learning while somebody plays: ``python -m bench.learning --train T.npz --held-out H.npz``.

Held-out performances are streamed, in their own time but as fast as can be computed, into the same course of learning
as a session's. From a trained model: the nats an event that the next minute costs less after 30, 60 and 120 seconds,
and what is lost on playing of before. From nothing: after how many seconds and events the next minute costs less than
with repeating, with a random walk and with another model. ``bench.apprentice`` measures a session that learns.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

AT = (30.0, 60.0, 120.0)
NEXT = 60.0
LONGEST_GAP = 5.0
"""Seconds: longer pauses of a performance are shortened to this."""
FEWEST_NEXT = 64
"""Events that the next minute must have to be judged."""
EVERY = 5.0

Array = NDArray[Any]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.learning", description=__doc__)
    parser.add_argument("--train", type=Path, action="append", required=True, help="what the model learned from")
    parser.add_argument(
        "--held-out", type=Path, action="append", required=True, help="what is streamed; one a --train"
    )
    parser.add_argument(
        "--model", type=Path, action="append", help="trained on --train; without it: from nothing only"
    )
    parser.add_argument("--other", type=Path, action="append", help="a model that learning from nothing should beat")
    parser.add_argument("--learner", choices=("all", "mixture"), default="all", help="all layers, or only the last")
    parser.add_argument("--only", choices=("model", "nothing"))
    parser.add_argument("--no-replay", action="store_true", help="without earlier playing: the model rehearses")
    parser.add_argument("--most", type=int, default=99, help="performances of each file")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    return parser.parse_args(arguments)


class Stream:
    """A performance in its own time."""

    def __init__(self, events: Array) -> None:
        self.events = events
        self.events[:, 0] = np.minimum(self.events[:, 0], LONGEST_GAP)
        self.times = np.cumsum(self.events[:, 0]) - self.events[0, 0]

    def at(self, seconds: float) -> int:
        """How many events have come by then."""
        return int(np.searchsorted(self.times, seconds))

    def next_minute(self, at: int) -> Any:
        """The phrases of the minute after this event, each with what was heard before; None: there are too few."""
        from impsy.learning.memory import BLOCK, Phrases

        end = min(self.at(self.times[at - 1] + NEXT), len(self.events))
        begins = range(at - 35, end - 51, BLOCK)
        if at < 35 or (end - at) < FEWEST_NEXT:
            return None
        return Phrases(np.stack([self.events[b : b + 51] for b in begins]).astype(np.float32), BLOCK)


def followed(course: Any, memory: Any, stream: Stream, ends: float) -> Iterator[tuple[float, int, Any]]:
    """Stream until ``ends`` seconds; gives the time, the events so far and what was handed over, each time."""
    heard = 0
    for second in np.arange(1.0, ends + 1.0):
        upto = stream.at(second)
        memory.hear(stream.events[heard:upto].astype(np.float32))
        heard, taken = upto, None
        while course.due:
            course.step()
            if course.look_due:
                look = course.look()
                taken = look.weights if look is not None and look.weights is not None else taken
        yield float(second), heard, taken


def continued_by(kind: str) -> Callable[..., Any]:
    from impsy.learning.learners import MixtureLayer

    if kind == "mixture":
        return lambda weights, heard: MixtureLayer(weights)  # noqa: ARG005 - as the other
    from impsy.training.adapting import AllLayers

    return AllLayers.continued


def from_model(args: argparse.Namespace, train: Path, held_out: Path, model: Path) -> list[dict[str, Any]]:
    from impsy.data.datasets import read_dataset
    from impsy.data.windows import split_windows
    from impsy.learning.course import Course
    from impsy.learning.judging import costs
    from impsy.learning.memory import Earlier, Memory, Phrases
    from impsy.learning.rehearsal import rehearsed
    from impsy.training.learning import as_learned

    base, dataset = as_learned(model), read_dataset(train)
    split = split_windows(dataset)  # the model was trained without these, and they are not replayed either
    pieces = [dataset.events[part] for part in split.train if part.stop - part.start > 60]
    old = [dataset.events[at : at + 51] for at in split.held_out[:: max(1, len(split.held_out) // 128)]]
    old_phrases = Phrases(np.stack(old), 50)
    before_old = costs(base, old_phrases)
    found = []
    for number, performance in enumerate(read_dataset(held_out).performances[: args.most]):
        rng = np.random.default_rng(number)
        earlier = Earlier(rehearsed(base, rng) if args.no_replay else pieces)
        stream, memory = Stream(performance.copy()), Memory(base.dimension, earlier)
        continued = partial(continued_by(args.learner), heard=pieces[0])
        course = Course(memory, rng, continued=continued, begin=lambda *_: None, base=base)  # type: ignore[arg-type]
        present = base
        figures: dict[str, Any] = {"performance": number, "file": held_out.name}
        for second, heard, taken in followed(course, memory, stream, max(AT)):
            present = present if taken is None else taken
            if second in AT and (phrases := stream.next_minute(heard)) is not None:
                gain = float((costs(base, phrases) - costs(present, phrases)).mean())
                raw = course.learnt() or base
                figures[f"gain {second:g}"] = gain
                figures[f"learnt {second:g}"] = float((costs(base, phrases) - costs(raw, phrases)).mean())
                figures[f"lost {second:g}"] = float((costs(present, old_phrases) - before_old).mean())
                figures[f"learnt lost {second:g}"] = float((costs(raw, old_phrases) - before_old).mean())
                figures[f"events {second:g}"] = heard
                figures[f"base {second:g}"] = float(costs(base, phrases).mean())
        print(json.dumps({k: v if isinstance(v, str) else round(v, 3) for k, v in figures.items()}), flush=True)
        found.append(figures)
    return found


def from_nothing(args: argparse.Namespace, held_out: Path, other: Path | None) -> list[dict[str, Any]]:
    from impsy.data.datasets import read_dataset
    from impsy.data.grid import detect_grids
    from impsy.evaluation.contestants import RandomWalk
    from impsy.learning.course import Course
    from impsy.learning.judging import Repeating, costs, costs_of
    from impsy.learning.memory import Memory
    from impsy.training.beginnings import begun_by
    from impsy.training.learning import as_learned

    rival, found = (None if other is None else as_learned(other)), []
    dataset = read_dataset(held_out)
    grid = detect_grids(dataset.events)
    for number, performance in enumerate(dataset.performances[: args.most]):
        stream, memory = Stream(performance.copy()), Memory(dataset.dimension)
        course = Course(
            memory,
            np.random.default_rng(number),
            continued=partial(continued_by(args.learner), heard=memory.events),
            begin=begun_by(args.learner == "all", dataset.dimension, "s"),
        )
        figures: dict[str, Any] = {"performance": number, "file": held_out.name}
        for second, heard, taken in followed(course, memory, stream, max(AT)):
            if taken is not None and "answers" not in figures:
                figures |= {"answers": second, "answers events": heard}
            phrases = stream.next_minute(heard) if heard > 40 and second % EVERY == 0 else None
            weights = course.learnt()
            if phrases is None or weights is None:
                continue
            own = costs(weights, phrases, grid).mean()
            rivals = {
                kind.__name__: costs_of(kind([memory.events]), phrases, grid) for kind in (RandomWalk, Repeating)
            }
            if rival is not None:
                rivals["released"] = costs(rival, phrases, grid)
            for name, theirs in rivals.items():
                if own < theirs.mean() and name not in figures:
                    figures |= {name: second, f"{name} events": heard}
            if "answers" in figures and all(name in figures for name in rivals):
                break
        print(json.dumps({k: v if isinstance(v, str) else round(v, 3) for k, v in figures.items()}), flush=True)
        found.append(figures)
    return found


def summed_up(found: Sequence[dict[str, Any]]) -> None:
    """Print means with .95 intervals of Student's t over performances."""
    for name in sorted({name for each in found for name in each} - {"performance", "file"}):
        values = np.array([each[name] for each in found if name in each])
        half = 1.96 + 2.5 / max(1, len(values) - 1)
        error = half * values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
        better = f", above 0 in {(values > 0).sum()}" if name.startswith(("gain", "learnt", "against")) else ""
        print(
            f"{name:28} {values.mean():8.3f} ± {error:.3f}  (median {np.median(values):.3f}; {len(values)}{better})"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    args = parse(arguments)
    found: dict[str, list[dict[str, Any]]] = {"model": [], "nothing": []}
    models, others = args.model or [], args.other or []
    for index, (train, held_out) in enumerate(zip(args.train, args.held_out, strict=True)):
        if args.only != "nothing" and index < len(models):
            found["model"] += from_model(args, train, held_out, models[index])
        if args.only != "model":
            found["nothing"] += from_nothing(args, held_out, others[index] if index < len(others) else None)
    for name, each in found.items():
        if each:
            print(f"\nfrom {name}, {len(each)} performances, {args.learner}")
            summed_up(each)
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
