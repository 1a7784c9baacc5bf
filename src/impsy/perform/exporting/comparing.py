"""A replayed log, compared with the one that was recorded while it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from impsy.codecs.journal import Head
from impsy.codecs.log import LINE_LIMIT
from impsy.errors import DataError, refusal
from impsy.files import open_regular
from impsy.perform.building.journal import versions
from impsy.perform.replaying.exact import Exact

__all__ = ["Comparison", "verdict"]

MOST_BYTES = 1 << 40


class Comparison:
    """Takes the lines of a new log, and compares them with those of the recorded one.

    Args:
        log: the recorded one.
        write: takes each line, too.

    Raises:
        DataError: the recorded log cannot be read.
    """

    def __init__(self, log: Path, write: Callable[[bytes], object] = lambda _line: None) -> None:
        self._write = write
        self.same = 0
        """Rows at the beginning that are the same in both."""
        self.more = 0
        """Rows that the new log has after those."""
        self.left = 0
        """Rows that the recorded log has after those; known once it is closed."""
        try:
            self._file = open_regular(log, MOST_BYTES)
        except OSError as error:
            raise DataError(f"{log}: cannot be read {refusal(error, 'name the log of a performance')}") from error

    def __enter__(self) -> Self:
        """The comparison itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Count what is left of the recorded log."""
        with self._file as file:
            while file.readline(LINE_LIMIT):
                self.left += 1

    def __call__(self, line: str) -> None:
        """Take a line of the new log."""
        content = line.encode()
        self._write(content)
        if not self.more:
            at = self._file.tell()
            if self._file.readline(len(content) + 1) == content:
                self.same += 1
                return
            self._file.seek(at)
        self.more += 1


def verdict(compared: Comparison, played: Exact, head: Head, log: Path) -> tuple[bool, str]:
    """Whether the new log is the recorded one, and the sentence that says so."""
    if not compared.more and not compared.left:
        return True, f"{compared.same:,} rows, identical to {log} byte for byte"
    if played.cut and not compared.more:
        return False, (
            f"{compared.same:,} rows, identical to {log} as far as the journal goes, which broke off "
            f"{compared.left:,} rows before its end: the disk took no more"
        )
    if not played.ended and not (compared.more and compared.left):
        what = f"{compared.left:,} rows of the log" if compared.left else f"{compared.more:,} rows of the journal"
        return False, (
            f"{compared.same:,} rows, identical to {log}; the performance was ended from outside (killed, or the "
            f"power was cut), and {what} are left over"
        )
    return False, (
        f"the rows differ from {log} from row {compared.same + 1:,} on{_why(head.versions, versions())}. The "
        "recorded log, or its journal, was changed, or models compute other numbers here"
    )


def _why(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    differences = [
        f"{name} {then[name]} then, {now.get(name, 'none')} now" for name in then if then[name] != now.get(name)
    ]
    return f" ({'; '.join(differences)})" if differences else ""
