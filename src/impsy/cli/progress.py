"""The screen of a long computation: lines, and on a terminal a bar below them."""

from __future__ import annotations

from typing import Any, Self

from impsy.cli.terminal import terminal

__all__ = ["ProgressScreen"]


class ProgressScreen:
    """Prints lines; in a ``with``, where there is a terminal, a bar for the one task is drawn below them."""

    def __init__(self, description: str, *, percentage: bool = False) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.console = terminal()
        shown = [TextColumn("{task.percentage:3.0f}%")] if percentage else []
        columns = (*shown, BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self.bar = Progress(*columns, console=self.console, transient=True)
        self.task = self.bar.add_task(description, total=None)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.bar.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.console.is_terminal:  # else it was never started, and would print an empty line
            self.bar.stop()

    def write(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(line)

    def update(self, **changes: Any) -> None:
        """Change the bar's ``description``, ``completed`` or ``total``."""
        self.bar.update(self.task, **changes)
