"""Connections that wait: their number, their time, and wrong guesses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager

import pytest

from held import held
from impsy.io import door as door_module
from impsy.io.door import Door, network


class Transport:
    aborted = False

    def abort(self) -> None:
        self.aborted = True


@contextmanager
def opened(limit: int = 8):
    told: list[str] = []
    door = Door(told.append, limit)
    yield door, told
    door.close()


def enter(door: Door, ip: str, *ports: int) -> list[Transport]:
    made = [Transport() for _ in ports]
    for transport, port in zip(made, ports, strict=True):
        door.enter((ip, port), transport)  # type: ignore[arg-type]
    return made


def aborted(transports: list[Transport]) -> list[bool]:
    return [transport.aborted for transport in transports]


def test_one_address_may_have_three_quarters_and_its_oldest_goes():
    async def go():
        with opened(8) as (door, _):
            many = enter(door, "10.0.0.1", *range(9))
            assert aborted(many) == [True] * 3 + [False] * 6
            assert not door.waits(("10.0.0.1", 2))
            assert door.waits(("10.0.0.1", 3))

    asyncio.run(go())


def test_where_all_are_too_many_the_oldest_goes():
    async def go():
        with opened(8) as (door, _):
            (first,), many = enter(door, "10.0.0.1", 1), enter(door, "10.0.0.2", *range(6))
            others = [*enter(door, "10.0.1.1", 1, 2), *enter(door, "10.0.1.2", 1)]  # those who come now are let in
            assert aborted([first, *many, *others]) == [True] * 2 + [False] * 8

    asyncio.run(go())


def test_who_was_let_in_is_counted_no_more():
    async def go():
        with opened(8) as (door, _):
            known = enter(door, "10.0.0.1", *range(100, 105))
            for port in range(100, 105):
                door.leave(("10.0.0.1", port))
                door.leave(("10.0.0.1", port))  # its end comes too
            enter(door, "10.0.0.1", *range(50))
            assert aborted(known) == [False] * 5

    asyncio.run(go())


def test_who_sends_no_request_goes_after_a_while(monkeypatch):
    monkeypatch.setattr(door_module, "WAITING_SECONDS", 0.05)

    async def go():
        with opened() as (door, told):
            (slow,), (quick,) = enter(door, "10.0.0.1", 1), enter(door, "10.0.0.1", 2)
            door.leave(("10.0.0.1", 2))
            while not slow.aborted:
                await asyncio.sleep(0.01)
            assert not quick.aborted
            assert told == []

    asyncio.run(asyncio.wait_for(go(), 20))


def test_what_was_refused_is_told_in_one_line_a_minute(monkeypatch):
    async def go():
        with opened(8) as (door, told):
            for number in range(4000):
                enter(door, f"10.0.{number % 50}.{number % 40}", number)
            while not told:
                await asyncio.sleep(0.05)
            enter(door, "10.0.0.1", *range(100))
            await asyncio.sleep(1.5)
            assert len(told) == 1
            assert told[0].startswith("3992 connections")
            assert "other addresses" in told[0]
            assert len(told[0]) < 300

    asyncio.run(asyncio.wait_for(go(), 20))


def test_further_wrong_guesses_are_answered_one_after_the_other(monkeypatch):
    monkeypatch.setattr(door_module, "GUESS_SECONDS", 0.05)
    monkeypatch.setattr(door_module, "ALL_GUESSES_SECONDS", 0.001)

    async def go():
        with opened() as (door, told):
            loop = asyncio.get_running_loop()
            before = loop.time()
            await asyncio.gather(*(door.slow_down(("10.0.0.1", port)) for port in range(25)))  # as many at once
            assert loop.time() - before >= 0.05 * 19
            before = loop.time()
            await door.slow_down(("10.0.0.2", 1))  # somebody else's first
            assert loop.time() - before < 0.5
            while not told:
                await asyncio.sleep(0.05)
            assert "wrong tokens, or cookies of an earlier start (10.0.0.1: 25" in told[0]

    asyncio.run(asyncio.wait_for(go(), 20))


def test_a_guess_by_many_addresses_is_slowed_too(monkeypatch):
    monkeypatch.setattr(door_module, "ALL_GUESSES_SECONDS", 0.01)

    async def go():
        with opened() as (door, _):
            before = asyncio.get_running_loop().time()
            await asyncio.gather(*(door.slow_down((f"10.0.{n}.1", 1)) for n in range(100)))
            assert asyncio.get_running_loop().time() - before >= 0.01 * 90

    asyncio.run(asyncio.wait_for(go(), 20))


def test_who_goes_while_the_answer_waits_keeps_nothing(monkeypatch):
    monkeypatch.setattr(door_module, "GUESS_LIMIT", 0)
    monkeypatch.setattr(door_module, "GUESS_SECONDS", 1000.0)
    monkeypatch.setattr(door_module, "LONGEST_WAIT", 1000.0)

    async def go():
        with opened() as (door, _):
            enter(door, "10.0.0.1", 1)
            waiting = asyncio.create_task(door.slow_down(("10.0.0.1", 1)))
            await asyncio.sleep(0)
            door.leave(("10.0.0.1", 1))
            await waiting

    asyncio.run(asyncio.wait_for(go(), 20))


@pytest.mark.parametrize(
    ("ip", "whom"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "[2001:db8:1:2::]"),
        ("2001:db8:1:2:ffff::", "[2001:db8:1:2::]"),
        ("fe80::1%eth0", "[fe80::]"),
        ("?", "?"),
    ],
)
def test_an_address_stands_for_a_host_or_a_network(ip, whom):
    assert network(ip) == whom


def test_what_the_system_refuses_is_counted_and_not_traced(caplog):
    async def go():
        with opened() as (door, told):
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(door.loop_failed)
            for _ in range(1000):
                loop.call_exception_handler(
                    {
                        "message": "socket.accept() out of system resource",
                        "exception": OSError(24, "Too many open files"),
                    }
                )
            while not told:
                await asyncio.sleep(0.05)
            assert told == ["1000 connections could not be taken (Too many open files: 1000)"]
            assert caplog.records == []
            loop.call_exception_handler({"message": "a mistake", "exception": KeyError("x")})
            assert "a mistake" in caplog.text

    asyncio.run(asyncio.wait_for(go(), 20))


@pytest.mark.parametrize(("hard", "may_have"), [(2000, 2000), (200, 200), (8000, 4096)])
@pytest.mark.slow
def test_a_server_has_more_descriptors_than_services_start_with_if_it_may(hard, may_have):
    resource = pytest.importorskip("resource")
    code = f"""
import resource
from impsy.io.door import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, {hard}), {hard}))
print(raise_descriptor_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip("this process may not have as many")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(may_have)] * 2


def test_what_is_known_of_addresses_is_bounded(monkeypatch):
    monkeypatch.setattr(door_module, "ALL_GUESSES_SECONDS", 0.0)
    monkeypatch.setattr(door_module, "GUESS_SECONDS", 0.0)

    async def go():
        with opened(1) as (door, _):
            ips = [f"10.{number // 250}.{number % 250}.1" for number in range(3000)]
            for number, ip in enumerate(ips):
                enter(door, ip, 1)
                await door.slow_down((ip, 2))
                if number == door_module.ADDRESSES_LIMIT + 1:
                    full = held(door)
            assert full >= 3 * door_module.ADDRESSES_LIMIT, "closed connections, wrong tokens and guesses of each"
            assert held(door) == full

    asyncio.run(asyncio.wait_for(go(), 20))


def test_no_answer_to_a_guess_waits_longer_than_so_long(monkeypatch):
    monkeypatch.setattr(door_module, "GUESS_LIMIT", 0)
    monkeypatch.setattr(door_module, "LONGEST_WAIT", 0.2)

    async def go():
        with opened() as (door, _):
            await asyncio.gather(*(door.slow_down(("10.0.0.1", port)) for port in range(100)))

    asyncio.run(asyncio.wait_for(go(), 10))  # one after the other they would take 50 s
