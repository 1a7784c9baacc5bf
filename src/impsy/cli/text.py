"""Text from outside (names of files and devices, messages of peers) with its control characters shown."""

from __future__ import annotations

import re

__all__ = ["visible"]

#: C0 without tab and newline, DEL and C1 (ECMA-48); marks, embeddings, overrides and isolates of the bidirectional
#: algorithm (UAX #9); line and paragraph separators.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""The text with control characters as escapes, such as ``\x1b``; tabs and newlines stay."""
    if text.isprintable():
        return text
    return _CONTROL.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
