"""The messages over ``/ws``. A message's class is its type in Python and on the page."""

from __future__ import annotations

from typing import Annotated, Literal, NewType, NotRequired, Union

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from impsy.protocol.guests import GuestFacts, Wall
from impsy.protocol.library import PlaybackState, Run
from impsy.protocol.monitor import Level, Next
from impsy.protocol.own_model import OwnModel
from impsy.protocol.session import Line, PerformerState, Session
from impsy.protocol.traffic import Traffic

Place = Literal["/", "/sound", "/setup", "/record", "/learn", "/models", "/system", "/workshop"]
"""The addresses of the pages; there is nothing at others."""

# --- web process → page ------------------------------------------------------------------------------


class Hello(TypedDict):
    """The first message of a connection. guest: what the page may do; without it, everything."""

    type: Literal["hello"]
    version: str
    guest: NotRequired[GuestFacts]


class SessionMessage(Session):
    """The session has changed, or has sent its state."""

    type: Literal["session"]


class VectorMessage(TypedDict):
    """A vector that the performer played, from which an answer of the model goes on, or that was sent to outputs."""

    type: Literal["in", "start", "out"]
    values: list[float]


class NextMessage(Next):
    """The model's plan has changed."""

    type: Literal["next"]


class OutputMessage(TypedDict):
    """Lines that the session printed."""

    type: Literal["output"]
    lines: list[Line]


Topic = Literal[
    "session", "config", "devices", "takes", "datasets", "models", "training", "trash", "invitations", "replay"
]


class Changed(TypedDict):
    """What a page holds on this topic is out of date."""

    type: Literal["changed"]
    what: Topic


class PerformerMessage(PerformerState):
    """The simulated performer was started or stopped."""

    type: Literal["performer"]


class TrainingMessage(TypedDict):
    """How a training run is doing."""

    type: Literal["training"]
    run: Run


class OwnModelMessage(OwnModel):
    """“Make it play like me” has gone on."""

    type: Literal["own_model"]


class PlaybackMessage(PlaybackState):
    """What is played back, and where it is."""

    type: Literal["playback"]


class WorkshopMessage(Wall):
    """How the instruments of the workshop are."""

    type: Literal["workshop"]


class LearnMessage(TypedDict):
    """A control was moved while a mapping is learnt.

    name: how a configuration refers to the port. entry: the control as an entry of a mapping; words: the same in
    English. number: the note or the program; null: it is neither. chosen: it was moved on purpose and has come to
    rest.
    """

    type: Literal["learn"]
    port: str
    name: str
    entry: list[str | int]
    words: str
    number: int | None
    value: float
    chosen: bool


class LearningMessage(TypedDict):
    """Learning a mapping has started or ended; ``error`` says why it ended, or is empty."""

    type: Literal["learning"]
    on: bool
    error: str


class TrafficMessage(Traffic):
    """Messages have passed the session's ports, and this page asked for them."""

    type: Literal["traffic"]


class Pong(TypedDict):
    """The answer to a ping."""

    type: Literal["pong"]
    t: float | str | None


class SentenceMessage(TypedDict):
    """A message that the page shows as it is."""

    type: Literal["sentence"]
    level: Level
    text: str


ServerMessage = Union[  # noqa: UP007 - a name that the generator can tell from its parts
    Hello,
    SessionMessage,
    VectorMessage,
    NextMessage,
    OutputMessage,
    Changed,
    PerformerMessage,
    TrainingMessage,
    OwnModelMessage,
    PlaybackMessage,
    WorkshopMessage,
    LearnMessage,
    LearningMessage,
    TrafficMessage,
    Pong,
    SentenceMessage,
]


# --- page → web process: checked when they arrive ----------------------------------------------------

CommandName = NewType("CommandName", str)
"""A command that the session takes: a row of ``impsy.web.live.page.COMMANDS``."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Play(_Message):
    """``changes``: pairs of a control (from 0) and its value in [0, 1]."""

    type: Literal["play"]
    changes: Annotated[
        list[tuple[Annotated[int, Field(ge=0, le=4095)], Annotated[float, Field(ge=0, le=1)]]],
        Field(min_length=1, max_length=4096),
    ]


class Touch(_Message):
    """The performer still has a finger on these controls (from 0): those that are held stay held."""

    type: Literal["touch"]
    controls: Annotated[list[Annotated[int, Field(ge=0, le=4095)]], Field(min_length=1, max_length=64)]


class Command(_Message):
    """Something for the session to do, or a setting to change."""

    type: Literal["command"]
    name: CommandName
    value: bool | float | Annotated[str, Field(max_length=500)] | None = None


class ShowPorts(_Message):
    """Whether this page wants the messages that pass the session's ports."""

    type: Literal["ports"]
    on: bool


class Ping(_Message):
    """``t`` comes back."""

    type: Literal["ping"]
    t: float | Annotated[str, Field(max_length=100)] | None = None


PageMessage = Annotated[Play | Touch | Command | ShowPorts | Ping, Field(discriminator="type")]
