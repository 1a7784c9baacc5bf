"""How far “Make it play like me” is: web process → page."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

Stage = Literal["idle", "collecting", "training", "comparing", "ready"]


class OwnModel(TypedDict):
    """How far “Make it play like me” is.

    stage: ``ready``: there is a new model, and the performer has not decided yet. sentence: what it does, or how it
    ended; failed: by an error. stopping: it was asked to stop. progress: of the training, 0 to 1; left: seconds,
    estimated; null: not known. seconds: since the training was started; null: there is none. waiting: it gets almost
    no processor time. before, now: the models, as a configuration names them; empty: none in this workspace.
    gain: by how many nats an event the new one foresees the last phrases better; null: not known.
    """

    stage: Stage
    sentence: str
    failed: bool
    stopping: bool
    progress: float | None
    left: float | None
    seconds: float | None
    waiting: bool
    before: str
    now: str
    gain: float | None
