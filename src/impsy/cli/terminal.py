"""The terminal as every command writes to it: what comes from outside is shown letter by letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["terminal"]


def terminal(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """A console that takes no text for markup, emoji codes or something to colour.

    Names of devices and files may hold brackets and colons. Where a text is to have a style, it is given one by
    ``style`` or as ``Text``. ``soft_wrap``: long lines are left to the terminal, so that they can be copied whole.
    """
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)
