"""The journal of a session: all that its engine is given, as lines beside the log, so that it can be played again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from impsy.codecs.journal import Call, Head, ModelFacts, encode_call, encode_head, encode_model
from impsy.engine.nobody import Nobody
from impsy.errors import ImpsyError
from impsy.events import MidiClock, Predictor, Report, SetPredictor
from impsy.files import write_whole
from impsy.io.adapter import SendReport
from impsy.limits import JOURNAL_BYTES
from impsy.models.predictor import Source
from impsy.models.untrained import RandomGestures
from impsy.perform.recording.linefile import KEPT_BYTES

__all__ = ["LEARNT", "Journal", "facts_of"]

logger = logging.getLogger("impsy")

LEARNT = "learnt"
"""The folder beside the logs with the weights of models that are in no file, named by their SHA-256."""

MOST_TOGETHER = 256
"""Calls that differ in nothing but their times, in one line."""


class Journal:
    """Makes the lines of a journal. The recorder's thread calls it; ``cut`` may be called by any.

    Args:
        head: what the performance begins with; its models are those of ``playing``.
        playing: the models that it begins with, in their order.
        roots: folders; of a model's file in one of them the relative path is written, of others only the name.
    """

    def __init__(self, head: Head, playing: Sequence[Predictor], roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]
        self._numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._count = 0
        self._unsaved: dict[str, bytes] = {}
        self._head: Head | None = head
        self._playing: tuple[Predictor, ...] = tuple(playing)
        self._bytes = 0
        self._cut = False
        self._ended = False
        self._told = False

    def cut(self) -> None:
        """From now on something is missing: nothing more is written."""
        self._cut = True

    def lines(self, calls: Sequence[Call], waiting: int) -> bytes:
        """The lines of these calls, the head before the first. ``waiting``: bytes of lines that no disk took yet."""
        if self._ended:
            return b""
        try:
            text = "".join(self._lines(calls))
        except Exception:  # of a model of others' making; the log goes on
            logger.exception("the journal ends here: this could not be written in it")
            text, self._cut = "", True
        self._bytes += len(text)
        if self._cut or waiting > KEPT_BYTES or self._bytes > JOURNAL_BYTES - KEPT_BYTES:
            self._ended = True
            return encode_call([Call("cut", calls[0].at if calls else 0.0)], int).encode()
        return text.encode()

    def save(self, folder: Path, report: SendReport) -> None:
        """Write the weights of models that are in no file, if there are new ones; report if the journal has ended."""
        if self._ended and not self._told:
            self._told = True
            text = (
                "the journal of this session ends here, as the disk took no more of it or it has its full length: "
                "the music and the log go on, but what follows cannot be replayed exactly. Start a new one for that"
            )
            report(Report("journal-cut", text))
        while self._unsaved:
            name, content = self._unsaved.popitem()
            path = folder / name
            try:
                if not path.exists():
                    write_whole(path, content)
            except ImpsyError as error:
                text = f"a model that was learnt is not saved, so that the take cannot be replayed exactly: {error}"
                report(Report("journal-model", text, "error"))

    def _lines(self, calls: Sequence[Call]) -> Iterator[str]:
        if self._head is not None:
            models = tuple([self._introduced(each) for each in self._playing])
            voices = self._head.voices
            numbered = tuple(
                [replace(voice, model=facts.number) for voice, facts in zip(voices, models, strict=False)]
            )
            yield encode_head(replace(self._head, models=models, voices=numbered))
            self._head, self._playing = None, ()
        for _, group in groupby(calls, _alike):
            together = list(group)
            for call in together:
                if isinstance(call.event, SetPredictor) and call.event.predictor not in self._numbers:
                    yield encode_model(self._introduced(call.event.predictor, call.event.name))
            for begin in range(0, len(together), MOST_TOGETHER):
                some = [self._plain(call) for call in together[begin : begin + MOST_TOGETHER]]
                yield encode_call(some, self._numbers.__getitem__)

    def _plain(self, call: Call) -> Call:
        if not call.seen:
            return call
        seen: Any = call.seen  # pairs of a model and what it answered
        return call._replace(seen=tuple([f"{self._numbers.get(model, 0)}{what}" for model, what in seen]))

    def _introduced(self, predictor: Predictor, name: str = "") -> ModelFacts:
        number = self._numbers.get(predictor)
        if number is None:
            self._count += 1
            number = self._numbers[predictor] = self._count
        facts, content = facts_of(predictor, number, name, self._roots)
        if content is not None:
            self._unsaved[facts.saved] = content
        if sum(map(len, self._unsaved.values())) > KEPT_BYTES:
            self._unsaved.clear()
            self.cut()
        return facts


def _alike(call: Call) -> object:
    """Equal for calls that one line can hold; what no other call equals for those that it cannot."""
    if call.what == "advance" and not call.seen:
        return "advance"
    if isinstance(call.event, MidiClock) and not call.seen:
        return call.event, call.source
    return object()


def facts_of(predictor: Predictor, number: int, name: str, roots: Sequence[Path]) -> tuple[ModelFacts, bytes | None]:
    """The facts of a model for the journal, and its ``.tflite`` content; None where a file has it."""
    if isinstance(predictor, RandomGestures):
        return ModelFacts(number, predictor.dimension, name, stand_in=True), None
    if isinstance(predictor, Nobody):
        return ModelFacts(number, predictor.dimension, name, nobody=True), None
    source: Source | None = getattr(predictor, "source", None)
    density = float(getattr(predictor, "density_temperature", 0.0))
    if source is None:
        return ModelFacts(number, predictor.dimension, name, density=density), None
    if source.path is None:
        content = source.content() if source.content is not None else b""
        digest = hashlib.sha256(content).hexdigest()
        saved = f"{LEARNT}/{digest[:16]}.tflite"
        facts = ModelFacts(number, predictor.dimension, name, "", digest, saved, runs=source.runs, density=density)
        return facts, content
    path = source.path.resolve()
    file = next((path.relative_to(root).as_posix() for root in roots if path.is_relative_to(root)), path.name)
    return ModelFacts(
        number, predictor.dimension, name or path.name, file, source.sha256, runs=source.runs, density=density
    ), None
