"""What the web process returns about takes, datasets, trainings and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from typing_extensions import TypedDict

from impsy.config.schema import Size
from impsy.data.statistics import DatasetStatistics

# --- takes --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One take.

    started: local time. seconds: from its first row to its last. events, answers: rows of the performer and of the
    model. pauses: of the performer, of more than 30 s; paused: seconds of these together. trim_pauses: seconds from
    which on a pause is not learned; 0: all are learned. journal: whether its session's journal is there; participant,
    condition: of a study, by the journal. size: in bytes. live: the session is writing it. looking: it is still being
    read, and figures may be missing; a ``Changed`` message follows once they are known. problem: a sentence on what
    is wrong with it, or empty.
    """

    name: str
    title: str
    started: str | None
    seconds: float
    events: int
    answers: int
    dimension: int
    tags: list[str]
    excluded: bool
    pauses: int
    paused: float
    trim_pauses: float
    journal: bool
    participant: str
    condition: str
    size: int
    live: bool
    looking: bool
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMark:
    """A marker in a take: ``at`` seconds after its first row. ``text`` may be empty."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTake(Take):
    """A take, and how to undo the change."""

    undo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was played between ``begin`` and ``end``, of ``seconds`` in all.

    times (P), rising; performer and model (n, P): values in [0, 1] of each control; null: not known yet. labels (n).
    """

    seconds: float
    begin: float
    end: float
    times: list[float]
    performer: list[list[float | None]]
    model: list[list[float | None]]
    labels: list[str]


@dataclass(frozen=True, slots=True)
class TakeChange:
    """What was changed in a take, ``at`` seconds after its first row: a setting, model or scene, or a marker."""

    at: float
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrigin:
    """What a take was made with, by its journal.

    version: of IMPSY. models: their names and the first figures of their SHA-256, or "" where they came from no file.
    settings: those that it began with, by their names. changes: the first of those on the way; more: how many others
    there are. versions: of what the models were computed with.
    """

    version: str
    started: str
    seed: int
    participant: str
    condition: str
    models: list[tuple[str, str]]
    settings: dict[str, str]
    changes: list[TakeChange]
    more: int
    versions: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactReplay:
    """The latest exact replay of a take; ``name`` null: there was none.

    same: whether its log was the recorded one, byte for byte; null: it is not known (yet). sentence: on how it came
    out. kept: whether there is a log that can be kept as a take.
    """

    name: str | None
    running: bool
    same: bool | None
    sentence: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was made of takes: its name, its size in bytes, and where to get it, once."""

    name: str
    size: int
    address: str


class PlaybackState(TypedDict):
    """Which take is played back, and where it is, in seconds; ``name`` null: none."""

    name: str | None
    at: float
    seconds: float


# --- deleting -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, as a sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Undo:
    """What was done, as a sentence, and how to undo it."""

    undo: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Trashed:
    """Something that was deleted and can be brought back. ``time`` is ISO, UTC."""

    id: str
    what: str
    name: str
    time: str


# --- datasets, training, models -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset.

    size: in bytes. made: when it was written, ISO. looking: as of a take. problem: why it cannot be used, or empty.
    """

    name: str
    dimension: int | None
    performances: int
    events: int
    seconds: float
    size: int
    made: str
    looking: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, sentences on how, its statistics, and how to bring back the dataset that it replaced."""

    dataset: Dataset
    remarks: list[str]
    statistics: DatasetStatistics
    undo: str | None


class Loss(TypedDict):
    """The losses after an epoch, in nats an event; null where one was not finite."""

    epoch: int
    train: float | None
    held_out: float | None


class Run(TypedDict):
    """One training run.

    pace: milliseconds a step. left: seconds, estimated. losses: at most 300 points; a run requested by itself has all
    of them. best: the lowest held-out loss. model: the file that was made. resumable: it can go on where it stopped.
    seconds: since it was started or resumed, or until it ended. waiting: it gets almost no processor time. sentence:
    how it is doing, or why it failed.
    """

    id: str
    dataset: str
    size: Size
    status: Literal["running", "stopping", "done", "stopped", "failed", "interrupted"]
    started: str
    seconds: float
    waiting: bool
    epoch: int
    epochs: int | None
    pace: float | None
    left: float | None
    losses: list[Loss]
    best: float | None
    model: str | None
    resumable: bool
    options: dict[str, Any]
    sentence: str


@dataclass(frozen=True, slots=True)
class VerdictSentence:
    """One sentence of the verdict on a model, and the figures that it is drawn from."""

    text: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model. Its files that can be played are shown as one, by the name of the first of ``.tflite``, ``.keras``,
    ``.h5``.

    bytes: of the file ``name``. made: when it was trained, as its file says, ISO; empty: not known. changed: when the
    file was written here, ISO. in_use: the configuration names it. report: it has
    been evaluated. verdict: the result, in three sentences. facts: what its maker says of it, unchecked. looking:
    as of a take. problem: why
    it cannot be played, or empty.
    """

    name: str
    dimension: int | None
    size: str | None
    layers: int | None
    units: int | None
    mixtures: int | None
    parameters: int | None
    architecture: str | None
    format: str
    runs: str
    bytes: int
    made: str
    changed: str
    in_use: bool
    report: bool
    verdict: list[VerdictSentence]
    evaluating: bool
    files: list[str]
    facts: dict[str, Any]
    looking: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Used:
    """Which model plays now, as the configuration names it."""

    model: str
    sentence: str
