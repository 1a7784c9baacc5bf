"""A recorded performance through the same engine, on a scripted clock: as fast as it goes, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import overload

import numpy as np

from impsy.codecs.log import PERFORMER, LogRow, dimension_of, encode_row
from impsy.data.logs.reading import EPOCH, Log, open_log, parse_log
from impsy.engine import Playing
from impsy.errors import DataError, refusal
from impsy.events import Command, Interaction, Record

__all__ = ["MOST_ANSWERS", "read_performance", "replay"]

LEAD_SECONDS = 0.5
"""Between the start of a replayed performance and its first row; a log does not record it."""

MOST_ANSWERS = 1_000_000
"""Events of the model in one replay, and more for what is longer than that: ``ANSWERS_A_SECOND``."""

ANSWERS_A_SECOND = 100
"""So many more for each second of the recording, of which a pause counts for ``LONGEST_PAUSE`` seconds at most."""

LONGEST_PAUSE = 60.0


def read_performance(path: Path, controls: int) -> tuple[Sequence[LogRow], Log]:
    """The performer's rows of a log as ``impsy dataset`` takes them, and the log they are from.

    Rows stay in the order of the file. Where its clock was set back, no time passes. Values are clipped to [0, 1].

    Raises:
        DataError: the file cannot be read, or holds no row of the performer with ``controls`` values.
    """
    try:
        with open_log(path) as file:
            log = parse_log(file, controls, path, exact=True)
    except OSError as error:
        remedy = "name a .log file of a performance"
        raise DataError(f"{path}: cannot be read {refusal(error, remedy)}") from error
    other = log.counts.wider and dimension_of(path.name) not in (None, controls + 1)
    if not len(log.times) or other:
        first = f" (line {log.problems[0].line}: {log.problems[0].text})" if log.problems else ""
        raise DataError(
            f"{path}: no row of a performer with {controls} values{first}; is it a log of dimension {controls + 1}? "
            "Give its own with -d, or name another log"
        )
    return _Rows(log), log


class _Rows(Sequence[LogRow]):
    """The performer's rows of a log, each made when it is looked at: millions of them would not fit into memory."""

    def __init__(self, log: Log) -> None:
        self._times = log.times[0] + np.maximum(np.diff(log.times, prepend=log.times[:1]), 0).cumsum()
        self._values = log.values

    def __len__(self) -> int:
        return len(self._times)

    @overload
    def __getitem__(self, number: int) -> LogRow: ...
    @overload
    def __getitem__(self, number: slice) -> list[LogRow]: ...
    def __getitem__(self, number: int | slice) -> LogRow | list[LogRow]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        values = self._values[number].clip(0, 1).tolist()
        return LogRow(EPOCH + timedelta(microseconds=int(self._times[number])), PERFORMER, tuple(values))


def replay(
    rows: Sequence[LogRow],
    make_engine: Callable[[float], Playing],
    *,
    log_input: bool,
    log_predictions: bool,
    tail: float,
    write: Callable[[str], object],
) -> Playing:
    """Play a performance again, and write the log that it makes.

    Args:
        rows: the performer's rows, in order of time; at least one.
        make_engine: makes the engine, given when it starts (seconds).
        log_input, log_predictions: which rows are written.
        tail: seconds that go on after the last row, so that the model can answer it.
        write: takes each line of the new log.

    Returns:
        The engine, as the performance left it.

    Raises:
        DataError: the model played more events than one replay has (:data:`MOST_ANSWERS`), and the performance was
            not over. Everything before has been written.
    """
    origin = rows[0].time
    logged = {"interface": log_input, "rnn": log_predictions}

    def seconds(time: datetime) -> float:
        return (time - origin).total_seconds()

    answers, most = 0, MOST_ANSWERS

    def carry_out(commands: Iterable[Command]) -> None:
        nonlocal answers
        for command in commands:
            if not isinstance(command, Record):
                continue
            answers += command.source == "rnn"
            if logged[command.source]:
                write(encode_row(_moment(origin, command.time), command.source, command.values))

    def play_until(engine: Playing, end: float) -> None:
        while (deadline := engine.deadline) is not None and deadline < end:
            carry_out(engine.advance(deadline))
            if answers >= most:
                raise DataError(
                    f"the replay ended {deadline:,.0f} s after the first row: by then the model had played "
                    f"{most:,} events, the most of one replay. A larger --timescale or --threshold, or a "
                    "shorter --tail, makes it play fewer"
                )

    engine = make_engine(-LEAD_SECONDS)
    before = 0.0
    for row in rows:
        now = seconds(row.time)
        play_until(engine, now)
        most += int(ANSWERS_A_SECOND * min(now - before, LONGEST_PAUSE))
        before = now
        carry_out(engine.receive(Interaction(row.values, "replay"), now))
    play_until(engine, seconds(rows[-1].time) + tail)
    carry_out(engine.end())
    return engine


def _moment(origin: datetime, seconds: float) -> datetime:
    """So many seconds after ``origin``, as far as the calendar goes."""
    try:
        return origin + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max if seconds > 0 else datetime.min
