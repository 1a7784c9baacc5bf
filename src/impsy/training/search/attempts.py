"""How the trials of a shared search stand: which are done, and which are nobody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["Attempt", "Standing", "stand"]


@dataclass(frozen=True)
class Attempt:
    """One trial of the study. ``state`` is Optuna's: waiting, running, complete, pruned or fail.

    place: number of the trial that took the place which this one has.
    surplus: begun by two workers at once where one place was left; never done.
    failed: why it could not be done, which another try would not change; "" otherwise.
    returned: its worker gave it back; not done, and nothing wrong with it.
    beat: counts up while its worker is alive.
    """

    number: int
    state: str
    place: int
    surplus: bool = False
    failed: str = ""
    returned: bool = False
    beat: int = 0
    value: float | None = None
    seconds: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether its place needs no other trial."""
        return self.state in ("complete", "pruned") or (self.state == "fail" and bool(self.failed))


class Standing(NamedTuple):
    """Places by how they stand, ascending. ``owed``: begun, not done, and nobody is at it."""

    done: tuple[int, ...]
    running: tuple[int, ...]
    waiting: tuple[int, ...]
    owed: tuple[int, ...]

    @property
    def places(self) -> list[int]:
        """All of them, ascending."""
        return sorted(place for places in self for place in places)


def stand(attempts: Iterable[Attempt]) -> Standing:
    """How the places stand that ``attempts`` have."""
    groups: dict[str, set[int]] = {"done": set(), "running": set(), "waiting": set(), "owed": set()}
    for attempt in attempts:
        if attempt.surplus:
            continue
        state = "done" if attempt.done else attempt.state if attempt.state in groups else "owed"
        groups[state].add(attempt.place)
    done, running, waiting, owed = groups.values()
    running -= done
    waiting -= done | running
    owed -= done | running | waiting
    return Standing(*(tuple(sorted(places)) for places in (done, running, waiting, owed)))
