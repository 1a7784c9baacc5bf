"""The ports of a configuration; when it changes, those that it still has stay open."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from impsy.config import Config
from impsy.io.adapter import Adapter

__all__ = ["Port", "Ports"]


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a configuration.

    ``identity`` is what cannot change while it is open. ``remap`` gives an open adapter what can: its ``mapping``.
    """

    identity: tuple[Hashable, ...]
    make: Callable[[], Adapter]
    remap: Callable[[Adapter], None] = lambda _adapter: None
    mapping: Hashable = None


class Ports:
    """Makes the adapters of a configuration, and keeps those that the next one has, too.

    Args:
        wanted: the ports of a configuration.
        more: further adapters, which no configuration changes.
    """

    def __init__(self, wanted: Callable[[Config], Iterable[Port]], more: Iterable[Adapter] = ()) -> None:
        self._wanted = wanted
        self._more = tuple(more)
        self._made: dict[tuple[Hashable, ...], tuple[Port, Adapter]] = {}

    def apply(self, config: Config) -> tuple[Adapter, ...]:
        """All adapters of ``config``: new ones not yet opened, kept ones with their new mapping."""
        made: dict[tuple[Hashable, ...], tuple[Port, Adapter]] = {}
        for port in self._wanted(config):
            before, adapter = self._made.get(port.identity) or (port, port.make())
            if before.mapping != port.mapping:
                port.remap(adapter)
            made[port.identity] = (port, adapter)
        self._made = made
        return (*(adapter for _, adapter in made.values()), *self._more)
