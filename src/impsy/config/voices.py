"""``[[voices]]``: several models as one instrument."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict

from impsy.config.sections import Section
from impsy.modes import MODES, PERFORMER
from impsy.text import one_line

__all__ = ["MOST_VOICES", "VoiceConfig"]

MOST_VOICES = 16
"""Each takes the time of a model."""

LONGEST_NAME = 40

_CONTROLS = "a list of numbers of controls, from 1, such as [1, 3, 4]"
_HEARS = f'a list of names, such as ["{PERFORMER}", "bass"]'


class VoiceConfig(Section):
    """``[[voices]]``: a model and the controls that are its own, from 1, in the order of the model's values.

    ``model`` is a file as in ``[model] file``; "" means the stand-in. ``mode`` None is that of ``[interaction]``.
    """

    name: Annotated[
        str,
        AfterValidator(lambda name: one_line(name.strip())),
        Field(
            min_length=1, max_length=LONGEST_NAME, description=f"a name of 1 to {LONGEST_NAME} characters in quotes"
        ),
    ]
    model: Annotated[str, Field(description="a model file's path in quotes")] = ""
    controls: Annotated[
        tuple[Annotated[int, Field(ge=1, description="the number of a control, from 1")], ...],
        Strict(False),
        Field(min_length=1, description=_CONTROLS),
    ]
    mode: Annotated[
        Literal[tuple(MODES)] | None,  # type: ignore[valid-type]
        Field(description=f"one of {', '.join(MODES)}"),
    ] = None
    hears: Annotated[tuple[str, ...], Strict(False), Field(description=_HEARS)] = (PERFORMER,)

    @property
    def words(self) -> str:
        """``controls 1, 2 and 5, battle, hears the performer and bass``."""
        heard = ["the performer" if name == PERFORMER else name for name in self.hears]
        numbers = [str(control) for control in self.controls]
        parts = [f"control{'s' * (len(numbers) > 1)} {_listed(numbers)}", self.mode or ""]
        return ", ".join(filter(None, [*parts, f"hears {_listed(heard) or 'nobody'}"]))

    @property
    def indices(self) -> tuple[int, ...]:
        """Its controls, from 0."""
        return tuple(control - 1 for control in self.controls)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
