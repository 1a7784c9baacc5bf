"""How messages reach pages: at once, no more often than they should, and never held up by another page."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import pytest

from impsy.web.live.hub import LINES_LIMIT, WAITING_LIMIT, PageHub, PageQueue


class Reader:
    """A page that takes ``seconds`` for each message; None: until it is ``released``."""

    def __init__(self, seconds: float | None = 0.0) -> None:
        self.queue = PageQueue()
        self.got: list[tuple[float, dict]] = []
        self._seconds = seconds
        self.released = asyncio.Event()

    async def send(self, text: str) -> None:
        self.got.append((time.monotonic(), json.loads(text)))
        if self._seconds is None:
            await self.released.wait()
        elif self._seconds:
            await asyncio.sleep(self._seconds)

    def of(self, kind: str) -> list[dict]:
        return [message for _, message in self.got if message["type"] == kind]

    def times(self, kind: str) -> list[float]:
        return [at for at, message in self.got if message["type"] == kind]


def together(scene, *readers: Reader) -> None:
    async def run() -> None:
        hub = PageHub()
        hub.attach(asyncio.get_running_loop())
        for reader in readers:
            hub.join(reader.queue)
        tasks = [asyncio.create_task(reader.queue.deliver(reader.send)) for reader in readers]
        await scene(hub)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())


def test_what_comes_when_it_is_quiet_is_sent_at_once():
    reader = Reader()
    sent_at_once = []

    async def scene(hub):
        for number in range(5):
            hub.send({"type": "in", "values": [number]})
            for _ in range(10):  # rounds of the event loop, in which no timer is waited for
                await asyncio.sleep(0)
            sent_at_once.append(len(reader.got))
            await asyncio.sleep(0.03)

    together(scene, reader)
    assert [message["values"] for message in reader.of("in")] == [[n] for n in range(5)]
    assert sent_at_once == [1, 2, 3, 4, 5]


def test_of_many_values_the_newest_is_sent_every_8_ms_and_the_last_one_always():
    reader = Reader()

    async def scene(hub):
        for number in range(600):
            hub.send({"type": "in", "values": [number]})
            hub.send({"type": "out", "values": [-number]})
            if number % 3 == 0:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)

    together(scene, reader)
    for kind, last in (("in", 599), ("out", -599)):
        times, values = reader.times(kind), [message["values"][0] for message in reader.of(kind)]
        assert values[-1] == last
        assert values == sorted(values, key=abs)
        assert 5 < len(values) <= (times[-1] - times[0]) / 0.008 + 2  # some are late, and the next is not


@pytest.mark.slow
def test_a_page_that_does_not_read_holds_up_nobody_and_takes_no_memory():
    stuck, reader = Reader(None), Reader()

    async def scene(hub):
        for number in range(5000):
            hub.send({"type": "sentence", "text": str(number)})
            hub.send({"type": "in", "values": [number]})
            hub.send({"type": "output", "lines": [{"text": str(number)}]})
            if number % 100 == 0:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.2)
        assert len(stuck.got) == 1
        assert len(reader.of("sentence")) == 5000
        assert reader.of("in")[-1]["values"] == [4999]
        stuck.released.set()
        await asyncio.sleep(0.2)

    together(scene, stuck, reader)
    # Those that waited, and the first of each type, which were being sent.
    assert WAITING_LIMIT <= len(stuck.got) <= WAITING_LIMIT + 1 + 3
    assert [len(message["lines"]) for message in stuck.of("output")] == [1, LINES_LIMIT]
    assert stuck.of("in")[-1]["values"] == [4999]


def test_lines_of_output_travel_together_and_none_is_lost():
    reader = Reader()

    async def scene(hub):
        for number in range(300):
            hub.send({"type": "output", "lines": [number]})
            await asyncio.sleep(0.0005)
        await asyncio.sleep(0.25)

    together(scene, reader)
    assert [line for message in reader.of("output") for line in message["lines"]] == list(range(300))
    assert len(reader.of("output")) < 20


def test_changes_of_different_things_are_told_and_the_same_once():
    reader = Reader()

    async def scene(hub):
        for _ in range(10):
            hub.changed("takes")
            hub.changed("models")
        hub.send({"type": "training", "run": {"id": "a", "epoch": 1}})
        hub.send({"type": "training", "run": {"id": "b", "epoch": 1}})
        await asyncio.sleep(0.02)
        hub.send({"type": "training", "run": {"id": "a", "epoch": 2}})
        hub.send({"type": "training", "run": {"id": "a", "epoch": 3}})
        await asyncio.sleep(0.55)

    together(scene, reader)
    assert [message["what"] for message in reader.of("changed")] == ["takes", "models"]
    runs = [(message["run"]["id"], message["run"]["epoch"]) for message in reader.of("training")]
    assert runs == [("a", 1), ("b", 1), ("a", 3)]


def test_any_thread_may_send_and_before_and_after_there_is_a_loop_too():
    hub = PageHub()
    hub.send({"type": "sentence", "text": "early"})
    reader = Reader()

    async def run():
        hub.attach(asyncio.get_running_loop())
        hub.join(reader.queue)
        task = asyncio.create_task(reader.queue.deliver(reader.send))
        threads = [
            threading.Thread(
                target=lambda name=name: [hub.send({"type": "sentence", "text": name}) for _ in range(50)]
            )
            for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])
        await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(run())
    texts = [message["text"] for message in reader.of("sentence")]
    assert {name: texts.count(name) for name in "abcd"} == dict.fromkeys("abcd", 50)
    hub.send({"type": "sentence", "text": "late"})


def test_a_page_that_comes_later_is_told_how_things_stand():
    late = Reader()

    async def run():
        hub = PageHub()
        hub.attach(asyncio.get_running_loop())
        hub.send({"type": "in", "values": [0.1]})
        hub.send({"type": "in", "values": [0.2]})
        hub.send({"type": "playback", "name": "a take"})
        hub.send({"type": "sentence", "text": "long ago"})
        await asyncio.sleep(0.01)
        hub.join(late.queue)
        task = asyncio.create_task(late.queue.deliver(late.send))
        await asyncio.sleep(0.02)
        task.cancel()
        hub.leave(late.queue)
        assert hub.pages == 0

    asyncio.run(run())
    assert [message for _, message in late.got] == [
        {"type": "in", "values": [0.2]},
        {"type": "playback", "name": "a take"},
    ]
