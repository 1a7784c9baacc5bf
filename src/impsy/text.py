"""Text as it is shown: names and messages from outside with their control characters visible, and plurals."""

from __future__ import annotations

import re

__all__ = ["NAME_LIMIT", "counted", "one_line", "visible"]

NAME_LIMIT = 200
"""Characters of a name that are kept."""

#: C0 without tab and newline, DEL and C1 (ECMA-48); marks, embeddings, overrides and isolates of the bidirectional
#: algorithm (UAX #9) and other characters without a width; line and paragraph separators; halves of surrogate pairs.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""The text with control characters as escapes, such as ``\x1b``; tabs and newlines stay."""
    if text.isprintable():
        return text
    return _CONTROL.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str, most: int = NAME_LIMIT) -> str:
    """The same in one line of at most ``most`` characters: how a name from outside is kept from where it comes in."""
    shown = text[: most + 1]
    if not shown.isprintable():
        shown = visible(shown).replace("\t", "\\t").replace("\n", "\\n")
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what is counted, such as ``1 event`` and ``1,200 events``; ``many`` if not ``one`` and an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
