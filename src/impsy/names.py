"""Names of files that anyone may have sent: looked at before any file is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from impsy.errors import DataError
from impsy.text import one_line

__all__ = ["path_within", "safe_name"]

_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[\d¹²³]|con(in|out)\$) *(\..*)?", re.IGNORECASE)

LONGEST_NAME = 160

LONGEST_PATH = 1000
LONGEST_PART = 255
"""Bytes that file systems take."""

SHOWN = 80


def safe_name(name: str) -> str:
    """``name``, if it can be a file's name on every system and in no other folder.

    Raises:
        DataError: it cannot, and why.
    """
    if not name or name[0] in ". " or name[-1] in ". ":
        raise _refused(name, "it must not be empty, nor begin or end in a dot or space")
    if _FORBIDDEN.search(name) or _DEVICES.fullmatch(name) or not _one_line(name):
        shown = _FORBIDDEN.sub("_", one_line(name, SHOWN))
        raise DataError(f"“{shown}” cannot be a file's name on every system: no / \\ : * ? \" < > |")
    if len(name.encode()) > LONGEST_NAME:
        raise DataError(f"a file's name may have {LONGEST_NAME} bytes, and this one has {len(name.encode())}")
    return name


def path_within(name: str, folder: Path) -> Path | None:
    """Where a path, absolute or relative to ``folder``, leads in this folder by its letters; None: out of it.

    No file is looked at: on some systems that alone has effects, such as a login at the server that a path names.

    Raises:
        DataError: no file can have such a name, or it is a device on some system.
    """
    if not _one_line(name) or len(name) > LONGEST_PATH:
        raise _refused(name, f"it has characters that cannot be seen, or more than {LONGEST_PATH}")
    path = Path(os.path.normpath(folder / name))
    if not path.is_relative_to(folder):
        return None
    for part in path.relative_to(folder).parts:
        if _DEVICES.fullmatch(part) or len(part.encode()) > LONGEST_PART:
            raise _refused(part, f"it is a device's, or has more than {LONGEST_PART} bytes")
    return path


def _one_line(name: str) -> bool:
    return one_line(name, len(name)) == name


def _refused(name: str, why: str) -> DataError:
    return DataError(f"“{one_line(name, SHOWN)}” cannot be a file's name: {why}")
