"""Phones in a workshop: ``python -m bench.workshop``. From a page's message to the vector that shows it again.

First each phone has an instrument of its own, then all play one instrument, each its own control.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

from bench.browser import WebInterface
from bench.figures import median, percentile
from bench.machine import load_average, machine_facts
from bench.program import Unanswered, end_on_terminate

TOKEN = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
BAR_MS = 30.0
READY_SECONDS = 900.0
LOST_SECONDS = 5.0

CONFIG = """\
title = "One for all"
[interaction]
mode = "{mode}"
[model]
dimension = {dimension}
"""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one way to play. Milliseconds; ``lost``: that came back within five seconds not at all.

    session_mb: memory of one session, of those that ran. load: of the machine, before.
    """

    what: str
    phones: int
    p50: float
    p99: float
    sent: int
    lost: int
    session_mb: float
    load: float


@dataclass
class Phone:
    """One phone: its cookie, and the controls (from 0) that it plays."""

    cookie: str
    controls: list[int]


async def _play(phone: Phone, port: int, seconds: float, rate: float, seed: int) -> tuple[list[float], int]:
    """Move a control, wait until it is seen, and rest until the next is due; returns latencies and how many were
    lost."""
    chance = random.Random(seed)
    latencies, lost = [], 0
    async with connect(
        f"ws://127.0.0.1:{port}/ws", additional_headers={"Cookie": phone.cookie}, compression=None, max_queue=None
    ) as page:
        await asyncio.sleep(chance.random() / rate)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            due = time.monotonic() + 1 / rate
            control, value = chance.choice(phone.controls), chance.randrange(1, 100_000) / 100_000
            began = time.perf_counter()
            await page.send(json.dumps({"type": "play", "changes": [[control, value]]}))
            try:
                await asyncio.wait_for(_seen(page, control, value), LOST_SECONDS)
                latencies.append(1000 * (time.perf_counter() - began))
            except TimeoutError:
                lost += 1
            while (left := due - time.monotonic()) > 0:
                # What comes meanwhile is read, as a page does.
                try:
                    await asyncio.wait_for(page.recv(), left)
                except TimeoutError:
                    break
    return latencies, lost


async def _seen(page: ClientConnection, control: int, value: float) -> None:
    while True:
        message = json.loads(await page.recv())
        if message["type"] == "in" and abs(message["values"][control] - value) < 1e-6:
            return


async def _all(phones: list[Phone], port: int, seconds: float, rate: float) -> tuple[list[float], int]:
    played = await asyncio.gather(*(_play(phone, port, seconds, rate, seed) for seed, phone in enumerate(phones, 1)))
    return [each for latencies, _ in played for each in latencies], sum(lost for _, lost in played)


def _join(url: str, code: str, controls: list[int]) -> Phone:
    with httpx.Client(base_url=url, timeout=60) as client:
        client.get("/", params={"join": code})
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        if not cookie:
            raise Unanswered(f"the code {code} let nobody in")
        return Phone(cookie, controls)


def _get(url: str, path: str) -> Any:
    return httpx.get(url + path, headers=BEARER, timeout=60).raise_for_status().json()


def _wait(ready: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > end:
            raise Unanswered(f"{what} after {READY_SECONDS:g} s")
        time.sleep(0.5)


def _measured(what: str, phones: list[Phone], web: WebInterface, seconds: float, rate: float) -> Result:
    children = psutil.Process(web.pid).children()
    memory = [each.memory_info().rss / 1e6 for each in children]
    load = load_average()
    latencies, lost = asyncio.run(_all(phones, web.port, seconds, rate))
    if not latencies:
        raise Unanswered(f"{what}: nothing that was played came back")
    p50, p99 = median(latencies), percentile(latencies, 99)
    return Result(what, len(phones), p50, p99, len(latencies) + lost, lost, max(memory, default=0.0), load)


def own_instruments(folder: Path, count: int, seconds: float, rate: float) -> Result:
    """Each phone has an instrument of its own."""
    folder.mkdir()
    arguments = ("-n", str(count), "--no-open", "--host", "127.0.0.1")
    with WebInterface(folder, *arguments, command="workshop", environment={"IMPSY_TOKEN": TOKEN}) as web:
        _wait(lambda: "join=" in web.text(), "no code was printed")
        code = re.findall(r"join=(\w+)", web.text())[0]

        def all_play() -> bool:
            wall = _get(web.url, "/api/workshop")
            if wall["sentence"]:
                raise Unanswered(wall["sentence"])
            return all(each["status"] == "running" for each in wall["instruments"])

        _wait(all_play, "not all instruments play")
        phones = [_join(web.url, code, list(range(8))) for _ in range(count)]
        return _measured("an instrument each", phones, web, seconds, rate)


def one_instrument(folder: Path, count: int, seconds: float, rate: float) -> Result:
    """All phones play one instrument, each its own control."""
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG.format(mode="useronly", dimension=count + 1))
    arguments = ("--no-open", "--token", "--start")
    with WebInterface(folder, *arguments, environment={"IMPSY_TOKEN": TOKEN}) as web:
        _wait(lambda: bool(_get(web.url, "/api/session")["status"] == "running"), "the session does not play")
        body = {"role": "play", "controls": list(range(count)), "each": 1}
        made = httpx.post(f"{web.url}/api/invitations", headers=BEARER, json=body, timeout=60).raise_for_status()
        phones = [_join(web.url, made.json()["code"], [seat]) for seat in range(count)]
        return _measured("seats at one", phones, web, seconds, rate)


WAYS = {"own": own_instruments, "one": one_instrument}


@click.command()
@click.option("-n", "--phones", default=20, show_default=True, help="How many phones.")
@click.option("--seconds", default=20.0, show_default=True, help="For how long they play.")
@click.option("--rate", default=10.0, show_default=True, help="Messages a second of each phone.")
@click.option("--only", type=click.Choice(list(WAYS)), help="Only this way to play.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(phones: int, seconds: float, rate: float, only: str | None, as_json: bool) -> None:
    """Measure how soon phones see what they play."""
    end_on_terminate()
    results = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name, measure in WAYS.items():
            if only in {None, name}:
                results.append(measure(Path(folder) / name, phones, seconds, rate))
    if as_json:
        click.echo(json.dumps({"machine": machine_facts(), "results": [asdict(each) for each in results]}))
        return
    for each in results:
        within = "within" if each.p50 <= BAR_MS else "above"
        click.echo(
            f"{each.phones} phones, {each.what}: p50 {each.p50:.1f} ms ({within} {BAR_MS:g}), p99 {each.p99:.1f} ms, "
            f"{each.sent} messages, {each.lost} lost; {each.session_mb:.0f} MB a session; load before {each.load:.1f}"
        )


if __name__ == "__main__":
    main()
