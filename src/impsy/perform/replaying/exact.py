"""A performance once more, exactly: its journal through the same engine, which then decides the same.

The journal has every call of the engine with its time, so that the log that comes of it is the same, byte for byte,
where models compute the same numbers: with the same versions of what computes them, on the same kind of processor.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from numpy.random import default_rng

from impsy.codecs.journal import Call, Head, ModelFacts
from impsy.codecs.log import encode_row
from impsy.engine import Engine, Ensemble, Playing, Voice
from impsy.errors import DataError, ImpsyError, ModelError
from impsy.events import Command, Interaction, Predictor, Record, SetPredictor, Update

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Exact", "OpenRecorded", "replay_exactly"]

OpenRecorded = Callable[[ModelFacts], Predictor]
"""Opens a model of a journal; raises DataError or ModelError if it cannot be had."""


class Exact:
    """What came of an exact replay.

    ``rows``: that were written. ``ended``: whether the journal has the performance's end. ``cut``: whether the
    journal broke off before it, as the disk or the memory had no more room.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.ended = False
        self.cut = False


def replay_exactly(
    head: Head, calls: Iterable[Call], open_model: OpenRecorded, write: Callable[[str], object]
) -> Exact:
    """Play a journal again, and write the log that it makes.

    Args:
        head: what the performance began with.
        calls: what its engine was given.
        open_model: opens the models.
        write: takes each line of the log.

    Raises:
        DataError: a line of the journal does not fit what came before, or a model that it names is not there.
        ModelError: a model cannot be opened.
    """
    return _Performance(head, open_model, write).run(calls)


class _Performance:
    """An engine, and the log that is written of it."""

    def __init__(self, head: Head, open_model: OpenRecorded, write: Callable[[str], object]) -> None:
        self._head = head
        self._open = open_model
        self._write = write
        self._logged = {"interface": head.log_input, "rnn": head.log_predictions}
        self._answers: dict[int, deque[str]] = defaultdict(deque)
        self._facts = {facts.number: facts for facts in head.models}
        self._predictors: dict[int, Predictor] = {}
        self._played = Exact()
        try:
            self._engine = self._make()
        except (DataError, ModelError):
            raise
        except Exception as error:  # anybody may have written it
            raise DataError(f"the journal begins with what no performance begins with: {error}") from error

    def run(self, calls: Iterable[Call]) -> Exact:
        """Make all of these calls."""
        try:
            return self._run(calls)
        except ImpsyError:
            raise
        except Exception as error:  # anybody may have written it
            raise DataError(f"the journal has what no performance has: {error!r}") from error

    def _run(self, calls: Iterable[Call]) -> Exact:
        failed: Exception | None = None
        held_back: list[Record] = []
        for call in calls:
            if failed is not None and call.what != "recover":
                raise DataError(f"the journal has no fault here, but the replay has: {failed!r}") from failed
            for answer in call.seen:
                number, what = _answer_of(answer)
                self._answers[number].append(what)
            if call.what in ("receive", "skim", "advance"):
                self._record(held_back)
                held_back, failed = [], None
                try:
                    commands = self._decide(call)
                except (DataError, ModelError):
                    raise
                except Exception as error:  # noqa: BLE001 - as the model raised in the performance
                    failed = error
                else:
                    held_back = [command for command in commands if isinstance(command, Record)]
                for answers in self._answers.values():
                    answers.clear()
            elif call.what == "recover":
                reason, rows = call.detail
                if failed is None:
                    self._record(held_back[:rows])  # an output failed, after so many
                held_back, failed = [], None
                self._record(_records(self._engine.recover(call.at, reason)))
            else:
                self._record(held_back)
                held_back = []
                self._other(call)
        self._record(held_back)
        return self._played

    def _other(self, call: Call) -> None:
        match call.what:
            case "start":
                self._engine.start(call.at)
            case "end":
                self._played.ended = True
                self._record(_records(self._engine.end()))
            case "cut":
                self._played.cut = True
            case "logged":
                self._logged = dict(zip(("interface", "rnn"), call.detail, strict=True))
            case "model":
                self._facts[call.detail.number] = call.detail

    def _decide(self, call: Call) -> Sequence[Command]:
        engine, event, at = self._engine, call.event, call.at
        if call.what == "advance":
            return engine.advance(at)
        if call.what == "skim":
            if not isinstance(event, Interaction | Update):
                raise DataError("only what a performer plays can come too fast")
            return engine.skim(event, at)
        if isinstance(event, SetPredictor):
            event = replace(event, predictor=self._predictor(event.predictor))  # type: ignore[arg-type]
        return engine.receive(event, at)  # type: ignore[arg-type]

    def _record(self, records: Iterable[Record]) -> None:
        for record in records:
            if self._logged[record.source]:
                self._write(encode_row(self._date(record.time), record.source, record.values))
                self._played.rows += 1

    def _date(self, seconds: float) -> datetime:
        try:
            return self._head.started_at + timedelta(seconds=seconds - self._head.origin)
        except OverflowError as error:
            raise DataError("the journal has a time that is in no calendar") from error

    # --- what it is made of ------------------------------------------------------------------------

    def _make(self) -> Playing:
        head, rng = self._head, default_rng(self._head.seed)
        if not head.voices:
            if len(head.models) != 1:
                raise DataError(f"the journal begins with {len(head.models)} models, and without voices it has one")
            first = self._predictor(head.models[0].number)
            return Engine(head.settings, first, rng, head.made, head.model)
        controls = head.settings.dimension - 1
        if any(not 0 <= control < controls for voice in head.voices for control in voice.controls):
            raise DataError(f"a voice of the journal has a control that is none of its {controls}")
        voices = [
            Voice(
                voice.name, self._predictor(voice.model), voice.controls, voice.model_name,
                voice.mode, voice.hears,
            )
            for voice in head.voices
        ]  # fmt: skip
        return Ensemble(head.settings, voices, rng, head.made)

    def _predictor(self, number: int) -> Predictor:
        known = self._predictors.get(number)
        if known is not None:
            return known
        facts = self._facts.get(number)
        if facts is None:
            raise DataError(f"the journal has no model {number}")
        predictor = self._open(facts)
        if facts.density and hasattr(predictor, "density_temperature"):
            predictor.density_temperature = facts.density
        if hasattr(predictor, "given_up"):
            predictor = _Followed(predictor, self._answers[number])
        self._predictors[number] = predictor
        return predictor


def _records(commands: Iterable[Command]) -> Iterator[Record]:
    return (command for command in commands if isinstance(command, Record))


def _answer_of(text: str) -> tuple[int, str]:
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    if not digits or len(digits) > 9 or text[len(digits) :][:1] not in tuple("rnhd!"):
        raise DataError(f"{text[:40]!r} is no answer of a model")
    return int(digits), text[len(digits) :]


class _Followed:
    """A model that computes elsewhere, as ready as it was in the performance, and waited for."""

    def __init__(self, predictor: Any, answers: deque[str]) -> None:
        self._predictor = predictor
        self._answers = answers
        self.dimension: int = predictor.dimension

    def hear(self, vector: Sequence[float]) -> None:
        if self._next("h") == "h":
            with suppress(ModelError):  # as it was in the performance, which then gives it up
                self._predictor.hear(vector)

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        found: list[float] = self._predictor.sample(rng, pi_temperature, sigma_temperature)
        return found

    def sample_given(
        self, rng: Generator, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> list[float]:
        found: list[float] = self._predictor.sample_given(rng, pi_temperature, sigma_temperature, given)
        return found

    def reset(self) -> None:
        self._predictor.reset()

    @property
    def ready(self) -> bool:
        return self._next("r") == "r"

    @property
    def overdue_at(self) -> float | None:
        return float("-inf") if self._answers and self._answers[0].startswith("!") else None

    def given_up(self, _now: float) -> str:
        return self._next("!")[1:]

    def _next(self, otherwise: str) -> str:
        return self._answers.popleft() if self._answers else otherwise
