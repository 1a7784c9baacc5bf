"""Which of the available MIDI ports a configured name means.

Systems name ports differently, and put numbers into the names that change when something is plugged in or started in
another order:

- ALSA: ``X-TOUCH MINI:X-TOUCH MINI MIDI 1 28:0``, client, port, and an address that changes.
- JACK: ``synth:in``, client and port; a second client of a name becomes ``synth-01``. ``a2j`` has ALSA's number in
  brackets: ``a2j:X-TOUCH MINI [28] (capture): X-TOUCH MINI MIDI 1``. PipeWire's bridge has the device between two
  colons: ``Midi-Bridge:X-TOUCH MINI:(capture_0) X-TOUCH MINI MIDI 1``.
- Windows: ``2- X-TOUCH MINI 1``: the USB socket in front (from the second on), the port's place in the list behind.
- CoreMIDI: ``X-TOUCH MINI``; no such numbers, so that the 1 of ``IAC Driver Bus 1`` stays what it is.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

__all__ = ["Claims", "Direction", "Fit", "Meaning", "assign_ports", "find_ports", "matching_ports"]

Direction = Literal["in", "out"]
"""``in``: ports that IMPSY hears. ``out``: ports that it plays to."""


class Fit(IntEnum):
    """How well a configured name fits a port, best first."""

    IDENTICAL = 0
    """It is the port's full name, letter by letter."""
    EXACT = 1
    """It is the full, client's or port's name in any case, without ALSA's address and Windows' number."""
    WORD = 2
    """It is a part of the full name that ends where a word ends."""
    PART = 3
    """It is a part of the full name."""
    RENUMBERED = 4
    """It is a full, client's or port's name once the numbers that the system put into it are left out."""


_ALSA_ADDRESS = re.compile(r" \d+:\d+$")
_WINDOWS_PLACE = re.compile(r" \d+$")
_WINDOWS_SOCKET = re.compile(r"^\d+- ")
_JACK_TWIN = re.compile(r"^([^:]+)-\d+(?=:|$)")
_JACK_BRIDGED = re.compile(r" \[\d+\](?= \()")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a system numbers its ports. ``uncounted`` is no part of a name; ``changing`` is one, but may change."""

    uncounted: tuple[re.Pattern[str], ...] = ()
    changing: tuple[re.Pattern[str], ...] = ()

    def without(self, name: str, patterns: Iterable[re.Pattern[str]]) -> str:
        for pattern in patterns:
            name = pattern.sub(r"\1" if pattern.groups else "", name)
        return name


_ALSA = _Style((_ALSA_ADDRESS,))
_WINDOWS = _Style((_WINDOWS_PLACE,), (_WINDOWS_SOCKET,))
_JACK = _Style((), (_JACK_TWIN, _JACK_BRIDGED))
_PLAIN = _Style()


def _style(port: str, numbered: bool) -> _Style:
    if numbered:
        return _WINDOWS
    if _ALSA_ADDRESS.search(port):
        return _ALSA
    return _JACK if ":" in port else _PLAIN


def _comparable(name: str) -> str:
    """The name in one Unicode form and one case (The Unicode Standard, 3.13, canonical caseless matching)."""
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", folded).strip()


def _parts(name: str) -> set[str]:
    """The name, and all that stands before, between and after its colons: its client, its port, a bridged device."""
    starts = [0, *(at + 1 for at, letter in enumerate(name) if letter == ":")]
    ends = [*(start - 1 for start in starts[1:]), len(name)]
    return {name[start:end].strip() for start in starts for end in ends if start < end}


def _in_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LMN"


def _ends_word(text: str, part: str) -> bool:
    """Whether ``part`` stands in ``text`` at least once where no letter, mark or digit goes on with its last word."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        if end == len(text) or not (_in_word(text[end - 1]) and _in_word(text[end])):
            return True
        at = text.find(part, at + 1)
    return False


def _fit(wanted: str, port: str, numbered: bool) -> Fit | None:
    if wanted == port:
        return Fit.IDENTICAL
    style = _style(port, numbered)
    name, full = _comparable(wanted), _comparable(port)
    if not name:
        return None
    base = style.without(full, style.uncounted)
    if name in _parts(base) or name == full:
        return Fit.EXACT
    if name in full:
        return Fit.WORD if _ends_word(full, name) else Fit.PART
    every = (*style.uncounted, *style.changing)
    lasting = style.without(name, every)
    return Fit.RENUMBERED if lasting and lasting in _parts(style.without(full, every)) else None


def _numbered(ports: Sequence[str]) -> bool:
    """Whether each name ends in its place in the list, as on Windows."""
    return bool(ports) and all(port.endswith(f" {place}") for place, port in enumerate(ports))


def _fits(wanted: str, ports: Sequence[str]) -> list[tuple[Fit, str]]:
    numbered = _numbered(ports)
    return [(fit, port) for port in ports if (fit := _fit(wanted, port, numbered)) is not None]


def find_ports(wanted: str, ports: Sequence[str]) -> tuple[Fit | None, list[str]]:
    """How well a configured name fits any port, and all ports that it fits so well, in their order."""
    fits = _fits(wanted, ports)
    best = min((fit for fit, _port in fits), default=None)
    return best, [port for fit, port in fits if fit == best]


def matching_ports(wanted: str, ports: Sequence[str]) -> list[str]:
    """The ports that a configured name means: those that it fits best (see ``Fit``). The first is used."""
    return find_ports(wanted, ports)[1]


# --- several names -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a configured name means among the names of a configuration.

    ``port`` is None if there is none for it: no port is called so, or ``taken_by`` has the one that is.
    ``others`` are further ports that the name fits as well, and that no other name fits better.
    """

    port: str | None = None
    fit: Fit | None = None
    others: tuple[str, ...] = field(default=())
    taken: str = ""
    taken_by: str = ""


def assign_ports(
    names: Iterable[str], ports: Sequence[str], held: Mapping[str, str] | None = None
) -> dict[str, Meaning]:
    """Which port each name of a configuration means, so that no two names mean one port.

    The better fit comes first, among equals the name that the configuration has first, and of its ports the first.
    Two names that both are exactly a port's, its client's or its full name share the port.

    Args:
        names: the configured names of one direction.
        ports: the ports that are there.
        held: what is open already, by configured name; such names keep their port.
    """
    known = dict.fromkeys(names)
    fits = {name: _fits(name, ports) for name in known}
    users: dict[str, str] = {port: name for name, port in (held or {}).items()}
    found: dict[str, Meaning] = {}
    for name, port in (held or {}).items():
        if name in known:
            best = min((fit for fit, each in fits[name] if each == port), default=Fit.PART)
            found[name] = Meaning(port, best, _others(fits[name], best, port))
    for tier in Fit:
        for name in known:
            if name in found:
                continue
            candidates = [port for fit, port in fits[name] if fit == tier]
            free = [port for port in candidates if port not in users]
            if not free and tier <= Fit.EXACT:
                free = candidates
            if free:
                users.setdefault(free[0], name)
                found[name] = Meaning(free[0], tier, _others(fits[name], tier, free[0]))
    for name, meaning in found.items():
        better = {
            each.port for each in found.values() if (each.fit or Fit.IDENTICAL) < (meaning.fit or Fit.IDENTICAL)
        }
        others = tuple(port for port in meaning.others if port not in better)
        found[name] = replace(meaning, others=others)
    for name in known:
        if name not in found:
            taken = next((port for _fit, port in sorted(fits[name], key=lambda each: each[0])), "")
            found[name] = Meaning(taken=taken, taken_by=users.get(taken, ""))
    return found


def _others(fits: Sequence[tuple[Fit, str]], tier: Fit, port: str) -> tuple[str, ...]:
    """The ports that fit as well; a second port of the same name is one of them."""
    alike = [each for fit, each in fits if fit == tier]
    if port in alike:
        alike.remove(port)
    return tuple(alike)


class Claims:
    """Which configured name has which port open, so that two do not open one. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[Direction, tuple[str, ...]] = {"in": (), "out": ()}
        self._held: dict[Direction, dict[str, str]] = {"in": {}, "out": {}}
        self._loose: dict[Direction, dict[str, Fit]] = {"in": {}, "out": {}}
        """How well a name fits the port that it has, where it is not exactly its name."""

    def plan(self, direction: Direction, names: Iterable[str]) -> None:
        """The names of a configuration from now on, in its order."""
        with self._lock:
            self._names[direction] = tuple(names)

    def claim(self, direction: Direction, name: str, ports: Sequence[str]) -> Meaning:
        """Take the port that a name means now, if there is one."""
        with self._lock:
            meaning = self._assign(direction, name, ports, self._held[direction])
            if meaning.port is not None and meaning.fit is not None:
                self._held[direction][name] = meaning.port
                if meaning.fit > Fit.EXACT:
                    self._loose[direction][name] = meaning.fit
            return meaning

    def release(self, direction: Direction, name: str) -> None:
        """Give its port back."""
        with self._lock:
            self._held[direction].pop(name, None)
            self._loose[direction].pop(name, None)

    def is_loose(self, direction: Direction, name: str) -> bool:
        """Whether ``better`` may find another port for a name."""
        return name in self._loose[direction]

    def better(self, direction: Direction, name: str, ports: Sequence[str]) -> Meaning | None:
        """What a name means instead of the port that it has, if that has changed.

        So it is when a port has come that it fits better, or when another name that fits its port better has it too.
        """
        with self._lock:
            now, held = self._loose[direction].get(name), self._held[direction]
            if now is None:
                return None
            port, numbered = held[name], _numbered(ports)
            rest = {other: theirs for other, theirs in held.items() if other != name}
            for other, theirs in rest.items():
                fit = _fit(other, port, numbered)
                if theirs == port and fit is not None and fit < now:
                    return Meaning(taken=port, taken_by=other)
            meaning = self._assign(direction, name, ports, rest)
            return meaning if meaning.fit is not None and meaning.fit < now else None

    def _assign(self, direction: Direction, name: str, ports: Sequence[str], held: Mapping[str, str]) -> Meaning:
        names = self._names[direction]
        return assign_ports(names if name in names else (*names, name), ports, held)[name]
