"""Zip archives that somebody else made: the one reader of all who read such files (``.npz``, ``.keras``).

The standard library's ``zipfile`` makes an object of each entry before anybody can ask how many there are, has errors
of a dozen types, and decompresses in ways that no writer of these files uses. Here the directory is bounded before
it is read, and a part is read only if it is plain, by itself, and as large as it says.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import IO, Self, TypeVar

from impsy.errors import ImpsyError
from impsy.limits import ARCHIVE_DIRECTORY, Budget

__all__ = ["DamagedArchive", "ZipArchive"]

T = TypeVar("T")

_TAIL = (1 << 16) + 22
"""Bytes at the end in which the directory is announced: a comment of 64 KiB at most, and the record."""
_USUAL_FLAGS = 0x080E
"""How hard it was compressed (2 bits), that sizes follow the content, that names are UTF-8."""
_LOCAL_HEADER = 30


class DamagedArchive(ImpsyError):
    """It is no archive, is damaged, or is none that IMPSY's files are."""


class ZipArchive:
    """An open archive.

    Args:
        file: is read from its beginning; the caller closes it.
        budget: off which what is read is taken.

    Raises:
        DamagedArchive: it is none that can be read, or has far more parts than a dataset or a model.
        OSError: the disk refuses.
    """

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._budget = budget
        bounded = _Bounded(file)
        self._zip = self._guarded(lambda: zipfile.ZipFile(bounded))
        bounded.is_open = True
        infos = self._zip.infolist()
        self._members = {info.filename: info for info in infos}
        if len(self._members) < len(infos):
            raise DamagedArchive("two of its parts have one name")
        begins = sorted((info.header_offset for info in infos), reverse=True)
        self._room: dict[int, int] = {}
        end = self._zip.start_dir
        for begin in begins:
            self._room[begin] = end - begin  # 0 where another begins at the same place
            end = begin

    def __enter__(self) -> Self:
        """The archive itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened here; the file stays open."""
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Of its parts, in the order of the directory."""
        return list(self._members)

    def size(self, name: str) -> tuple[int, int]:
        """Bytes that a part says it has: as it is, and compressed."""
        return self._members[name].file_size, self._members[name].compress_size

    def read(self, name: str) -> bytes:
        """The content of a part, which is there.

        Raises:
            DamagedArchive: it is not as it says, lies over another, or is packed in an unusual way.
            ImpsyError: the budget's, if it is too large.
            OSError: the disk refuses.
        """
        info = self._members[name]
        if info.flag_bits & 0x41:
            raise DamagedArchive("it is encrypted")
        if info.flag_bits & ~_USUAL_FLAGS:
            raise DamagedArchive(f"it has flags ({info.flag_bits:#06x}) that no dataset or model needs")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DamagedArchive("it is compressed in a way that neither NumPy nor Keras uses")
        if info.compress_size + _LOCAL_HEADER > self._room[info.header_offset]:
            raise DamagedArchive("it lies over another part, or reaches beyond the end")
        self._budget.spend(info.file_size)

        def content() -> bytes:
            with self._zip.open(info) as member:
                found: bytes = member.read(info.file_size + 1)
                return found

        found = self._guarded(content)
        if len(found) != info.file_size:
            raise DamagedArchive(f"it is damaged or cut off ({len(found):,} bytes of {info.file_size:,})")
        return found

    @staticmethod
    def _guarded(step: Callable[[], T]) -> T:
        """What a step of ``zipfile`` gives; all that damage leads to is one kind of error."""
        try:
            return step()
        except ImpsyError:
            raise
        except Exception as error:  # zipfile raises whatever the damage leads to
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's; seeking to a place that cannot be is EINVAL, and damage
            # Some repeat a name of thousands of characters.
            raise DamagedArchive(f"it is damaged or cut off ({str(error)[:100]})") from error


class _Bounded:
    """A file of which nothing long is read until the directory, which zipfile reads in one piece, has been."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_open = False
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """As that of the file."""
        if self.is_open:
            return self._file.read(size)
        if size > ARCHIVE_DIRECTORY:
            raise DamagedArchive(f"its list of parts has {size:,} bytes, and at most {ARCHIVE_DIRECTORY:,} are read")
        # Without a size it is the end, from a place that zipfile went to.
        return self._file.read(_TAIL if size < 0 else size)
