"""What `impsy map` shares, whatever it maps: messages and typed lines arrive in one queue."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from impsy.cli.terminal import terminal
from impsy.threads import once

if TYPE_CHECKING:
    from impsy.io.midi.listener import MidiListener
    from impsy.mapping.entries import MappingEntry

__all__ = ["CHECK_SECONDS", "TICK_SECONDS", "Dialogue", "in_words"]

TICK_SECONDS = 0.05
CHECK_SECONDS = 1.0


class Dialogue(ABC):
    """Asks the player to move controls, and answers what is typed, while MIDI messages arrive.

    Args:
        title: what is done, as the beginning of a sentence that ends with the ports.
        help: what may be typed.
    """

    def __init__(self, title: str, help: str) -> None:
        self._title, self._help = title, help
        self._console = terminal()
        self._arrived: SimpleQueue[tuple[str, bytes, float] | str | None] = SimpleQueue()
        self._reader: threading.Thread | None = None

    @abstractmethod
    def ask(self) -> None:
        """Ask for what comes next, if anything does."""

    @abstractmethod
    def take(self, port: str, message: bytes, now: float) -> None:
        """Take a message that counts."""

    @abstractmethod
    def answer(self, line: str) -> None:
        """Answer a line that was typed."""

    @abstractmethod
    def consider(self, now: float) -> None:
        """Say what has come of the messages so far."""

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""

    def say(self, text: str, style: str | None = None, end: str = "\n") -> None:
        """Print."""
        self._console.print(text, style=style, end=end)

    def hear(self, port: str, message: bytes) -> None:
        """Take a message from the listener; any thread may call it."""
        self._arrived.put((port, message, time.monotonic()))

    def give(self, listener: MidiListener) -> None:
        """Ask for one thing after the other, listen and answer until it is over.

        Raises:
            DeviceError: the device went away.
        """
        self._listen_to_the_keyboard()
        self.say(f"{self._title} {', '.join(listener.ports)}.", "bold")
        self.say(self._help, "dim")
        self.ask()
        checked = time.monotonic()
        while not self.is_over:
            if time.monotonic() - checked >= CHECK_SECONDS:
                checked = time.monotonic()
                listener.check()
            line = self._wait(TICK_SECONDS)
            if line is not None:
                self.answer(line)
            self.consider(time.monotonic())

    def agrees(self, question: str) -> bool:
        """Ask; Enter and the end of the input mean no. What is moved meanwhile is not listened to."""
        self.say(f"{question} [y/N] ", end="")
        while self._reader is not None:
            line = self._wait(TICK_SECONDS, listen=False)
            if line is not None:
                return line.strip().lower() in ("y", "yes")
        self.say("no")
        return False

    def _listen_to_the_keyboard(self) -> None:
        try:
            descriptor = sys.stdin.fileno()
        except (AttributeError, io.UnsupportedOperation):  # there is no standard input
            return
        self._reader = once("impsy keyboard", partial(self._read, descriptor))
        self._reader.start()

    def _wait(self, seconds: float, listen: bool = True) -> str | None:
        """Take what arrives, messages only if they count; a line, if one was typed."""
        try:
            item = self._arrived.get(timeout=seconds)
        except Empty:
            return None
        if item is None:
            self._reader = None
        elif isinstance(item, str):
            return item
        elif listen:
            self.take(*item)
        return None

    def _read(self, descriptor: int) -> None:
        # Not through sys.stdin: a thread that waits in it would keep the interpreter from ending.
        rest = b""
        while True:
            try:
                read = os.read(descriptor, 1024)
            except OSError:
                read = b""
            if not read:
                self._arrived.put(None)
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                self._arrived.put(line.decode(errors="replace"))


def in_words(entry: MappingEntry | None) -> str:
    """``control change, channel 1, controller 7``."""
    from impsy.mapping.entries import kind_of

    if entry is None:
        return "left out"
    kind = kind_of(entry)
    parts = [f"{argument.name} {getattr(entry, argument.name)}" for argument in kind.required]
    return ", ".join([kind.name.replace("_", " "), *parts])
