"""A link as a QR code (ISO/IEC 18004), drawn as SVG."""

from __future__ import annotations

from io import BytesIO

import segno

from impsy.web.workspace import Conflict

__all__ = ["qr_svg"]

LONGEST = 300
"""Characters of a link: longer ones make squares that a phone cannot tell apart on a screen."""

_QUIET = 4
"""Modules around it, as the standard asks; they are white on a dark page, too."""


def qr_svg(link: str) -> bytes:
    """The picture, black on white.

    Raises:
        Conflict: the link is too long.
    """
    if len(link) > LONGEST:
        raise Conflict(f"a link of more than {LONGEST} characters makes no code that phones can read")
    picture = BytesIO()
    segno.make_qr(link, error="m").save(
        picture, kind="svg", border=_QUIET, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return picture.getvalue()
