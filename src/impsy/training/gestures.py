"""Which gestures a dataset holds, and the components that can play them.

An event moves a set of controls, and the others rest. The sets that occur are found by counting; each gets components
of its own, in which exactly those controls move (:class:`impsy.models.architectures.Gestures`). Where controls lie on
a grid and move one at a time, further components continue the last gesture: at its speed, the other way, by a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ConfigError
from impsy.models.architectures import FloatArray, Gestures, Residual
from impsy.models.landings import Landings
from impsy.models.sizes import MIXTURES, SCALE_FACTOR
from impsy.models.weights import Weights
from impsy.training.notes import Changes, LandingStarts, changes_of, found_notes, landings_of
from impsy.training.scales import Scales, scales_of

__all__ = ["HEADS", "Design", "Head", "Kind", "Starts", "designs", "found_sets", "head_of", "possible_heads"]

COVERED = 0.998
"""Share of the events whose sets of controls get components of their own; the rest is left to the catch-all."""
MOST_SETS = 40
"""No more sets than this, the commonest."""
REST_STEPS = 8.0
"""Sigma of a control that rests is its unit divided by this."""
NARROW_STEPS = 6.0
"""Sigma of a control that moves is at least its unit divided by this: then 99.7 % of a Gaussian that stands on a step
of the grid lies within half a step."""
CATCH_ALL_MOVES = 1.5
"""The catch-all's sigma is at least this share of a control's usual move: it is for events that no other component
expects, which would cost the narrow components thousands of nats (a contaminated normal: Tukey 1960)."""
CATCH_ALL_TIME = 0.1
"""Seconds: the catch-all's least sigma of dt, for the same reason."""
CATCH_ALL_QUANTILE = 0.99
LEAST_TIME = 1e-4
"""Seconds: least sigma of dt."""
MARGIN = 2.0
"""A component that always moves has its mean at least half a unit and this many sigmas away: then one draw in forty
is less than half a unit away."""


class Kind(NamedTuple):
    """One component of a gesture.

    ``start``: where its mean begins, in units (``one_sided`` or ``momentum``) or in usual moves. ``time``: the
    quantile of dt at which its time begins, and which it counts in. ``floor``: least sigma of its controls, in units
    and in usual moves, whichever is more.
    """

    start: float
    time: float
    direction: int = 1
    one_sided: bool = False
    momentum: bool = False
    floor: tuple[float, float] = (1 / NARROW_STEPS, 0.0)


_WIDE = (1.5, 0.7)
_ANYWHERE = (0.0, CATCH_ALL_MOVES)
_NONE = (Kind(0, 0.3), Kind(0, 0.7))
"""Nothing moves: soon, or after a while."""


@dataclass(frozen=True)
class Head:
    """A way to make components of gestures: for those that continue the last one, and for each set of controls.

    ``catch_all`` is the logit at which the component for everything else begins: at −14 it keeps surprises from
    costing thousands of nats. ``played_less`` is what its logit loses when training is complete: where gestures are
    continued, an event that moves everything would be continued too, which the data has no example of. ``played_at``
    is the temperature at which components are chosen: where gestures are continued, networks end them sooner than
    players do.
    """

    words: str
    continuing: tuple[Kind, ...]
    beginning: tuple[Kind, ...]
    catch_all: float
    played_less: float
    played_at: float


HEADS = {
    "sets": Head(
        "components for each set of controls that moves together",
        continuing=(),
        beginning=(Kind(1, 0.3), Kind(-1, 0.7), Kind(0, 0.6, floor=_ANYWHERE)),
        catch_all=0.0,
        played_less=0.0,
        played_at=1.0,
    ),
    "continuing": Head(
        "components that continue the last gesture, and for each set of controls that moves together",
        continuing=(
            Kind(0, 0.3, momentum=True),
            Kind(0, 0.7, momentum=True),
            Kind(1, 0.5, momentum=True),
            Kind(-1, 0.5, momentum=True),
            Kind(2, 0.5, momentum=True),
            Kind(-2, 0.5, momentum=True),
            Kind(2, 0.5, one_sided=True),
            Kind(1, 0.6, -1, one_sided=True),
            Kind(6, 0.6, one_sided=True, floor=_WIDE),
            Kind(6, 0.7, -1, one_sided=True, floor=_WIDE),
        ),
        beginning=(
            Kind(1.5, 0.6, one_sided=True),
            Kind(1.5, 0.6, -1, one_sided=True),
            Kind(0, 0.8, floor=_WIDE),
        ),
        catch_all=-14.0,
        played_less=10.0,
        played_at=0.95,
    ),
}
"""The heads of networks of gestures by name."""
LANDINGS = "landings"
"""The name of the head for notes."""
_LANDINGS_WORDS = "components for each value that a note lands on, at each usual time"
PLAYED_AT = 0.9
"""The temperature at which notes are chosen.

Learned in twelve keys from few pieces, they leave too much to notes that a piece does not have: at 1, 6-8 % are
outside it, at 0.9 5-7 % (players 5 %), for 0.006 bits a note."""
USED_MORE = 1.25
"""What the weight of a piece's use is multiplied by when training is complete.

What a piece has used shows its key: with this, 4 % of the notes are outside it, not 7 % (players 5 %). A lower
temperature for all takes leaps away, too."""
PLAYED_LESS = 10.0
"""What the logit of the slot that catches all loses when training is complete: played, it only adds wild events."""


class Starts(NamedTuple):
    """Where the dense layer's outputs begin: ``move`` (M, n) of mu, in spreads of a control's moves, ``spread``
    (M, n) of sigma, ``logit`` (M,)."""

    move: FloatArray
    spread: FloatArray
    logit: FloatArray


@dataclass(frozen=True, eq=False)
class Design:
    """What is decided of a network before it learns: its mixture's components, and why.

    ``fixed`` is what files hold (None: the plain architecture), ``starts`` where its outputs begin (None: nowhere in
    particular), ``head`` the name of the head, or empty where nothing was chosen; ``changes`` is what it can learn
    besides from what was played, changed.
    """

    scales: Scales
    mixtures: int
    fixed: Residual | None = None
    starts: Starts | LandingStarts | None = None
    head: str = ""
    changes: Changes | None = None

    @property
    def interchangeable(self) -> NDArray[np.int32] | None:
        """The groups (n,) of controls that may change places and be mirrored; None where none may.

        Where events move several controls together, controls are not interchangeable.
        """
        return self.scales.alike() if self.head == "continuing" else None

    def played(self, weights: Weights) -> Weights:
        """The weights to write to a file, given those learned."""
        if not self.head or self.fixed is None:
            return weights
        kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
        logits = slice(bias.size - self.fixed.logits, None)
        temperature = np.float32(PLAYED_AT if isinstance(self.fixed, Landings) else HEADS[self.head].played_at)
        kernel[:, logits] /= temperature
        bias[logits] /= temperature
        if isinstance(self.fixed, Landings):
            use = slice(bias.size - 2 * len(self.fixed.values), None)
            kernel[:, use] *= np.float32(USED_MORE)
            bias[use] *= np.float32(USED_MORE)
            bias[logits][len(self.fixed.voice) - 1] -= PLAYED_LESS
        else:
            bias[-1] -= HEADS[self.head].played_less
        return replace(weights, mixture_kernel=kernel, mixture_bias=bias)

    @property
    def words(self) -> str:
        """The components in words, for people."""
        if self.head == LANDINGS:
            return _LANDINGS_WORDS
        return HEADS[self.head].words if self.head else ""


def designs(
    events: NDArray[np.float32],
    ranges: Sequence[slice],
    architecture: str,
    head: str = "",
    *,
    base: Weights | None = None,
    notes: Sequence[bool] | None = None,
    seed: int = 0,
) -> list[Design]:
    """The network that is to learn the ``ranges`` of ``events`` (N, D); several where training has to show which is
    best.

    ``base``, the model to go on from, keeps its components; else ``head`` names them, or the data shows which.

    ``notes``: which controls are known to be notes.

    Raises:
        ConfigError: networks of this architecture can only be continued, or ``head`` wants notes that are not there.
    """
    scales = scales_of(events, ranges)
    if base is not None:
        fixed = base.residual
        changes = changes_of(events, ranges, fixed) if isinstance(fixed, Landings) else None
        return [Design(scales, base.mixtures, fixed, changes=changes)]
    if architecture in ("residual", "landings"):
        raise ConfigError(
            f"networks of the architecture {architecture} can only be continued: name the model with --from"
        )
    if architecture == "plain":
        return [Design(scales, MIXTURES)]
    sets, shares = found_sets(events, ranges, scales)
    landing = found_notes(events, ranges, scales, notes) if head in ("", LANDINGS) else ()
    if landing:
        lands, begins = landings_of(events, ranges, scales, landing, sets)
        return [Design(scales, lands.mixtures, lands, begins, LANDINGS, changes_of(events, ranges, lands))]
    if head == LANDINGS:
        raise ConfigError("the recipe's head is for notes, but no control of the dataset plays notes")
    found = []
    for name in (head,) if head else possible_heads(sets, shares, scales):
        fixed, starts = head_of(name, sets, scales, seed)
        found.append(Design(scales, len(fixed.direction), fixed, starts, name))
    return found


def found_sets(
    events: NDArray[np.float32], ranges: Sequence[slice], scales: Scales, cover: float = COVERED
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The sets of controls that move together, (S, n), the commonest first, until they cover ``cover`` of the events;
    and the share of the events that each has, (S,).

    The empty set (nothing moves) is among them where it occurs. ``ranges`` of ``events`` (N, D) are looked at.
    """
    step = scales.step / SCALE_FACTOR
    moved = np.concatenate([np.abs(np.diff(events[part, 1:], axis=0)) > step / 2 for part in ranges])
    packed = np.packbits(moved, axis=1)
    sets, counts = np.unique(packed, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    sets, shares = sets[order], counts[order] / max(1, len(moved))
    kept = (np.cumsum(shares) - shares < cover)[:MOST_SETS]
    sets, shares = sets[: len(kept)][kept], shares[: len(kept)][kept]
    return np.unpackbits(sets, axis=1, count=moved.shape[1]).astype(bool), shares


SELDOM_ALONE, MOSTLY_ALONE = 0.25, 0.95
"""Share of the events that move anything, by how many move one control only, from where on gestures may be continued,
and from where on they are."""


def possible_heads(sets: NDArray[np.bool_], shares: NDArray[np.float64], scales: Scales) -> tuple[str, ...]:
    """The heads that data with these ``sets`` (S, n) may ask for, which occur in these ``shares`` (S,) of the events.

    Gestures can be continued step by step where all controls that move lie on a grid and move one at a time.
    """
    size = sets.sum(1)
    moving = shares[size > 0].sum()
    if not moving or not (scales.grid[sets.any(0)] > 0).all():
        return ("sets",)
    alone = shares[size == 1].sum() / moving
    if alone < SELDOM_ALONE:
        return ("sets",)
    return ("continuing",) if alone >= MOSTLY_ALONE else ("continuing", "sets")


def head_of(name: str, sets: NDArray[np.bool_], scales: Scales, seed: int = 0) -> tuple[Gestures, Starts]:
    """What is fixed of a network with the head ``name`` for these ``sets`` (S, n), and where its outputs begin."""
    head = HEADS[name]
    n = sets.shape[1]
    everything = np.ones(n, bool)
    rows: list[tuple[Kind, NDArray[np.bool_], bool]] = [(kind, everything, True) for kind in head.continuing]
    for moving in sets:
        rows += [(kind, moving, False) for kind in (head.beginning if moving.any() else _NONE)]
    rows.append((Kind(0, CATCH_ALL_QUANTILE, floor=_ANYWHERE), everything, False))
    kinds = [kind for kind, _, _ in rows]
    mixtures = len(rows)

    def each(values: Sequence[float] | Sequence[bool]) -> FloatArray:
        return np.array(values, np.float32)

    direction = np.array([kind.direction * moving for kind, moving, _ in rows], np.float32)
    floor = np.array([np.maximum(kind.floor[0] * scales.unit, kind.floor[1] * scales.usual_move) for kind in kinds])
    times = np.array([scales.time(kind.time) for kind in kinds])
    least = np.full(mixtures, LEAST_TIME * SCALE_FACTOR)
    least[-1] = CATCH_ALL_TIME * SCALE_FACTOR
    fixed = Gestures(
        grid=scales.grid,
        change_scale=(1.0 / scales.usual_move).astype(np.float32),
        sigma_scale=np.column_stack([times, np.tile(scales.spread, (mixtures, 1))]).astype(np.float32),
        sigma_floor=np.column_stack([least, floor]).astype(np.float32),
        threshold=scales.step,
        unit=scales.unit,
        rest=(scales.unit / REST_STEPS).astype(np.float32),
        direction=direction,
        one_sided=each([kind.one_sided for kind in kinds]),
        momentum=each([kind.momentum for kind in kinds]),
        continues=each([continues for _, _, continues in rows]),
        margin=each([MARGIN]),
    )
    rng = np.random.default_rng([seed, 5])
    in_units = fixed.one_sided + fixed.momentum > 0
    # elu(r) + 1 is r + 1 above 0.
    start = each([kind.start - kind.one_sided for kind in kinds])[:, None]
    start = start * np.where(in_units[:, None], scales.unit, scales.usual_move) / scales.spread
    jitter = rng.normal(0, 1, (mixtures, n)) * np.where(in_units, 0.02, 0.05)[:, None]
    wide = each([kind.floor[1] > 0 for kind in kinds])[:, None]
    units = np.where(fixed.momentum[:, None] > 0, 0.4, 1.2) * scales.unit
    size = np.where(in_units[:, None], units, scales.usual_move)
    narrow = np.log(np.clip(size / scales.spread, 1e-3, 0.9))
    logit = np.zeros(mixtures, np.float32)
    logit[-1] = head.catch_all
    return fixed, Starts(
        (start + jitter).astype(np.float32), np.where(wide > 0, 0.0, narrow).astype(np.float32), logit
    )
