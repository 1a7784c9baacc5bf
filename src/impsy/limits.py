"""How much a file or a message of others may hold: one table, and the budget that bounds what is made of one file.

Whoever reads what somebody else made takes the bound from here, whatever the command, page or session that asked. The
page ``docs/reference/limits.md`` is made of :data:`LIMITS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from impsy.errors import ImpsyError

__all__ = [
    "ARCHIVE_DIRECTORY",
    "CONFIG_CHARACTERS",
    "CONFIG_DOTS",
    "CONFIG_PARTS",
    "CONFIG_READ_CHARACTERS",
    "CONFIG_SECTIONS",
    "CONFIG_THINGS",
    "CONFIG_WORD",
    "DATASET_BYTES",
    "DESCRIPTION_BYTES",
    "EXPORT_BYTES",
    "JOURNAL_BYTES",
    "JOURNAL_LINE",
    "LIMITS",
    "MIDI_BYTES",
    "MIDI_EVENTS",
    "MODEL_BYTES",
    "MOST_DIMENSION",
    "MOST_INSTRUMENTS",
    "MOST_LEARNED_DIMENSION",
    "MOST_PERFORMANCES",
    "READER_BYTES",
    "READER_RATIO",
    "Budget",
    "Limit",
    "shortened",
]

LIMITS: list[Limit] = []
"""All rows, in the order of the page."""


class Limit(int):
    """The most of something.

    Attributes:
        what: is counted, such as "MB of a model file".
        why: that is enough, and what more would cost.
        unit: one is so many of what is counted; the number itself counts bytes where ``what`` counts MB.
    """

    what: str
    why: str
    unit: int

    def __new__(cls, most: int, what: str, why: str, unit: int = 1) -> Self:
        """A row; it is added to :data:`LIMITS`."""
        limit = super().__new__(cls, most * unit)
        limit.what, limit.why, limit.unit = what, why, unit
        LIMITS.append(limit)
        return limit


_KB, _MB = 1_000, 1_000_000

MOST_DIMENSION = Limit(
    5_000, "dimension of a configuration and of a model", "one OSC message and one row of a log hold so many values"
)
MOST_LEARNED_DIMENSION = Limit(
    1_025, "dimension of takes and datasets", "1,024 controls; real instruments have up to 63 or so"
)
MOST_PERFORMANCES = Limit(100_000, "performances of a dataset", "one for each log")
MOST_INSTRUMENTS = Limit(60, "instruments of a workshop", "each is a process of some 150 MB, and a class is smaller")
READER_BYTES = Limit(
    256,
    "MB of memory that what is read of one small file may take",
    "a small file can stand for any amount; real models and datasets stay far below",
    _MB,
)
READER_RATIO = Limit(
    100, "times its bytes that a larger file may take in memory", "numbers of a dataset compress to a tenth"
)
ARCHIVE_DIRECTORY = Limit(
    256, "kB of the list of parts in a .npz or .keras file", "they have a dozen parts; each costs 0.5 kB", _KB
)
MODEL_BYTES = Limit(
    200,
    "MB of a model file",
    "the largest size with 1,024 controls has 48, and 144 with what Keras keeps for training on",
    _MB,
)
DATASET_BYTES = Limit(8_000, "MB of a dataset file", "a hundred million events with eight values have 4 GB", _MB)
DESCRIPTION_BYTES = Limit(
    4,
    "MB of the description in a .keras or .h5 file, or in the .json beside a model",
    "with 1,024 controls 3 MB",
    _MB,
)
CONFIG_READ_CHARACTERS = Limit(4 << 20, "characters of a configuration", "real ones have some thousand")
CONFIG_CHARACTERS = Limit(
    256 << 10, "characters of a configuration that is changed, or shown on the page", "the same"
)
CONFIG_THINGS = Limit(
    20_000, "lines, values and lists of a configuration that is changed", "to keep comments takes 50 µs for each"
)
CONFIG_SECTIONS = Limit(
    2_000, "sections, scenes included, of a configuration that is changed", "each takes longer than the last"
)
CONFIG_PARTS = Limit(4, "parts of a key of a configuration", "IMPSY's own have 3: a.b.c")
CONFIG_DOTS = Limit(
    500,
    "squares of dots in the keys of a configuration that is changed",
    "a port takes 1, and each longer than the last",
)
CONFIG_WORD = Limit(1_000, "characters of a bare word of a configuration", "a number has 20")
MIDI_BYTES = Limit(64, "MB of a MIDI file", "an hour of dense playing has 2 MB", _MB)
MIDI_EVENTS = Limit(1_000_000, "events of a MIDI file, of any kind", "each takes 1 to 2 µs and 100 bytes")
JOURNAL_BYTES = Limit(1_000, "MB of a session's journal", "an hour of dense playing has 50 MB", _MB)
EXPORT_BYTES = Limit(
    8_000, "MB of an archive of takes, and of each of its parts", "a day of dense playing has 2 GB", _MB
)
JOURNAL_LINE = Limit(8, "MB of a line of a journal", "the first has the configuration's text", _MB)


class Budget:
    """The memory that is left for what is made of one file, whoever makes it.

    Args:
        most: bytes.
        error_type: raised with a sentence where more would be made.
    """

    def __init__(self, most: int, error_type: Callable[[str], ImpsyError]) -> None:
        self._most = self._left = most
        self._error_type = error_type

    @classmethod
    def of_file(cls, size: int, error_type: Callable[[str], ImpsyError]) -> Self:
        """The budget of a file of ``size`` bytes."""
        return cls(max(READER_BYTES, READER_RATIO * size), error_type)

    def spend(self, count: int, each: int = 1) -> None:
        """Take ``count`` things of ``each`` bytes off, before they are made.

        Raises:
            ImpsyError: of ``error_type``; so much is not left.
        """
        self._left -= count * each
        if self._left < 0:
            raise self._error_type(
                f"what it stands for would take more than {self._most / _MB:,.0f} MB of memory: it is damaged, or "
                "made to fill memory"
            )


_LONGEST_REASON = 600


def shortened(reason: str) -> str:
    """What is wrong with a file, without the end if it repeats much of the file."""
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]} …"
