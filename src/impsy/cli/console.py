"""The console that all commands print on with rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from impsy.text import visible

__all__ = ["Console"]


class Console(rich.console.Console):
    """Shows control characters in any text, so that only rich itself moves the cursor and colours."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Before a column measures it."""
        return super().render_str(visible(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Whatever is printed, however it is made, passes here as segments."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else visible(segment.text)
            yield segment if text == segment.text else Segment(text, segment.style)
