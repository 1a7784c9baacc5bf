"""Connections whose peers have not been let in yet: how many, from where, and for how long.

Whoever reaches a port can open connections and send nothing, or a header a byte a second. Here they are bounded in
number and time, so that descriptors remain for the others. Where there are too many, of one address or of all, the
oldest is closed: a peer that sends its request at once is let in long before its turn comes, and those behind one
router are not refused because there are many of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from impsy.io.network import shown

__all__ = [
    "ACCEPTED_AT_ONCE",
    "BACKLOG",
    "DOOR",
    "WAITING_LIMIT",
    "Door",
    "Peer",
    "network",
    "raise_descriptor_limit",
]

DOOR = "impsy.door"
"""Where an application finds it, in the extensions of a request's scope."""

Peer = tuple[str, int]
"""Address and port of the other end."""

WAITING_LIMIT = 512
"""Connections that wait at once, of all addresses; of one, three quarters of it."""

WAITING_SECONDS = 5.0
"""What a peer may take to be let in: to send the header of its request, with its token."""

DESCRIPTORS = 4096
"""What a server asks for: services start with 1,024."""

REPORT_SECONDS = 60.0
ACCEPTED_AT_ONCE = 8
"""Connections that a loop accepts before it reads from any: far fewer than may wait, or a flood of new ones would
push out those whose request has come already."""

BACKLOG = 512
"""Connections that wait in the system to be accepted. Where there are more, clients try again after a second."""

GUESS_LIMIT = 5
"""Wrong guesses of one address that are answered at once; after a minute without one they are forgotten."""

GUESS_SECONDS, ALL_GUESSES_SECONDS = 0.5, 0.05
"""Between the answers to further wrong guesses, of one address and of all."""

LONGEST_WAIT = 8.0
ADDRESSES_LIMIT = 1000
NAMED_LIMIT = 3
"""Addresses that one line names."""

OTHERS = "others"


def network(ip: str) -> str:
    """Whom an address stands for: one host by IPv4, one network (of 64 bits) by IPv6."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return shown(str(ip_address(int(address) >> 64 << 64)))


def raise_descriptor_limit() -> int:
    """Let this process have more files and connections, as the system permits; returns how many it may have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft == resource.RLIM_INFINITY:
        return DESCRIPTORS
    if soft >= wanted:
        return soft
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


@dataclass(slots=True)
class _Waiting:
    """A connection that waits."""

    transport: asyncio.Transport
    timer: asyncio.TimerHandle
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Guesses:
    """Of one address: how many were wrong, when the last was, and when the next may be answered."""

    count: int = 0
    last: float = 0.0
    turn: float = 0.0


class Door:
    """The connections of one server that wait. All methods are called in the thread of its loop.

    Args:
        tell: called at most once a minute, with a sentence about what was refused.
        limit: how many may wait.
    """

    def __init__(self, tell: Callable[[str], object], limit: int = WAITING_LIMIT) -> None:
        self._tell = tell
        self._limit = limit
        self._waiting: dict[Peer, _Waiting] = {}
        self._of_address: dict[str, dict[Peer, None]] = {}
        self._guesses: dict[str, _Guesses] = {}
        self._all_guesses = _Guesses()
        self._closed: Counter[str] = Counter()
        self._wrong: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._telling: asyncio.TimerHandle | None = None
        self._told = float("-inf")

    def enter(self, peer: Peer, transport: asyncio.Transport) -> None:
        """A connection was made."""
        self.leave(peer)
        timer = asyncio.get_running_loop().call_later(WAITING_SECONDS, transport.abort)
        self._waiting[peer] = _Waiting(transport, timer)
        of_address = self._of_address.setdefault(network(peer[0]), {})
        of_address[peer] = None
        if len(of_address) > max(1, self._limit * 3 // 4):
            self._close(next(iter(of_address)))
        elif len(self._waiting) > self._limit:
            self._close(next(iter(self._waiting)))

    def waits(self, peer: Peer) -> bool:
        """Whether this connection has not been let in."""
        return peer in self._waiting

    def leave(self, peer: Peer) -> None:
        """Let a connection in, or forget it: it has ended."""
        waiting = self._waiting.pop(peer, None)
        if waiting is None:
            return
        waiting.timer.cancel()
        waiting.gone.set()
        where = network(peer[0])
        del self._of_address[where][peer]
        if not self._of_address[where]:
            del self._of_address[where]

    async def slow_down(self, peer: Peer) -> None:
        """Return when the answer to a wrong guess may be sent. Who has the right token never comes here."""
        where, now = network(peer[0]), asyncio.get_running_loop().time()
        self._count_one(self._wrong, where)
        of_address = self._guesses.get(where)
        if of_address is None:
            if len(self._guesses) >= ADDRESSES_LIMIT:
                self._guesses = {key: each for key, each in self._guesses.items() if now - each.last < REPORT_SECONDS}
            where = where if len(self._guesses) < ADDRESSES_LIMIT else OTHERS
            of_address = self._guesses.setdefault(where, _Guesses())
        wait = max(_next(of_address, GUESS_SECONDS, now), _next(self._all_guesses, ALL_GUESSES_SECONDS, now))
        waiting = self._waiting.get(peer)
        if waiting is not None:
            waiting.timer.cancel()  # its request has come
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for((waiting.gone if waiting else asyncio.Event()).wait(), min(wait, LONGEST_WAIT))

    def close(self) -> None:
        """The server ends."""
        for waiting in self._waiting.values():
            waiting.timer.cancel()
        if self._telling is not None:
            self._telling.cancel()

    def _close(self, peer: Peer) -> None:
        transport = self._waiting[peer].transport
        self.leave(peer)
        transport.abort()
        self._count_one(self._closed, network(peer[0]))

    def loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The exception handler of the server's loop: what the system refuses a connection is counted, not traced."""
        error = context.get("exception")
        if isinstance(error, OSError):
            self._count_one(self._refused, error.strerror or str(error))
        else:
            loop.default_exception_handler(context)

    # --- reports -----------------------------------------------------------------------------------

    def _count_one(self, counts: Counter[str], where: str) -> None:
        counts[where if where in counts or len(counts) < ADDRESSES_LIMIT else OTHERS] += 1
        if self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_at(max(loop.time() + 1, self._told + REPORT_SECONDS), self._tell_counts)

    def _tell_counts(self) -> None:
        self._telling, self._told = None, asyncio.get_running_loop().time()
        for counts, what in (
            (self._closed, "connections that sent no request were closed, as there were too many"),
            (self._wrong, "wrong tokens, or cookies of an earlier start"),
            (self._refused, "connections could not be taken"),
        ):
            if counts:
                most = ", ".join(f"{where}: {count}" for where, count in counts.most_common(NAMED_LIMIT))
                more = f", and {len(counts) - NAMED_LIMIT} other addresses" if len(counts) > NAMED_LIMIT else ""
                self._tell(f"{counts.total()} {what} ({most}{more})")
                counts.clear()


def _next(guesses: _Guesses, seconds: float, now: float) -> float:
    """How long the answer to one more wrong guess has to wait."""
    if now - guesses.last > REPORT_SECONDS:
        guesses.count = 0
    guesses.count += 1
    guesses.last = now
    if guesses.count <= GUESS_LIMIT:
        return 0.0
    guesses.turn = min(max(now, guesses.turn) + seconds, now + LONGEST_WAIT)
    return guesses.turn - now
