"""A workspace made for a test, the web interface's doors to it, and stand-ins for what others run."""

from __future__ import annotations

import asyncio
import threading
import weakref
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partialmethod
from pathlib import Path

import httpx
import numpy as np
from starlette.applications import Starlette

from impsy.codecs.log import encode_row, log_name
from impsy.web.api import playback, takes, trash
from impsy.web.api.endpoints import routes
from impsy.web.live.hub import PageHub
from impsy.web.site import Site
from impsy.web.workspace import Workspace

START = datetime(2026, 9, 26, 10)

TAKES = [*takes.ENDPOINTS, *playback.ENDPOINTS, *trash.ENDPOINTS]
"""The endpoints of takes, with those for playing and undoing."""

CONFIG = """\
# my instrument
title = "Trio"

[model]
dimension = 3 # two knobs
file = ""

[midi]
in_device = ["Knobs"]
out_device = ["Synth"]
input."Knobs" = [["control_change", 1, 7], ["control_change", 1, 8]]
output."Synth" = [["note_on", 2], ["control_change", 2, 74]]
"""


class Pages(PageHub):
    """Keeps what the pages are told."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def send(self, message):
        self.messages.append(message)

    def of(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    @property
    def changes(self):
        return {message["what"] for message in self.of("changed")}


class Session:
    """A session that runs as long as ``state`` is not None, and keeps what it is sent."""

    def __init__(self):
        self.state = None
        self.sent = []
        self.trouble = ""

    def run(self, dimension=3, log=""):
        values = [0.0] * (dimension - 1)
        self.state = {"dimension": dimension, "input": values, "output": values, "log": {"file": log}}

    def send(self, address, types, values):
        self.sent.append((address, types, tuple(values)))

    def configure(self, monitor_port, command_port):
        raise AssertionError("not expected here")


def make_site(folder: Path) -> Site:
    return Site(Workspace(folder), hub=Pages(), link=Session())


def _end_loop(loop, thread):
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Client:
    """Asks an application without a server between them.

    All is answered by one loop, as by the server: what waits for its turn is woken by that loop alone.
    """

    def __init__(self, app):
        self._app = app
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        self.close = weakref.finalize(self, _end_loop, self._loop, thread)

    def ask(self, method, address, **what):
        async def asked():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, address, **what)

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result()

    get = partialmethod(ask, "GET")
    post = partialmethod(ask, "POST")
    patch = partialmethod(ask, "PATCH")
    delete = partialmethod(ask, "DELETE")


@contextmanager
def served(site: Site, *tables):
    """A client of these endpoints; errors that no endpoint means to give are raised in the test."""
    app = Starlette(routes=routes([row for table in tables for row in table], site))
    client = Client(app)
    try:
        yield client
    finally:
        client.close()
        site.close()


def record(folder, rows=20, *, dimension=3, minute=0, step=0.1, source=None, seed=None, name=None):
    """Write a log of a take that begins in that minute; every third row is the model's, unless ``source`` says."""
    rng = np.random.default_rng(minute if seed is None else seed)
    begin = START + timedelta(minutes=minute)
    path = folder / (name or log_name(begin, dimension))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as log:
        for row in range(rows):
            whose = source or ("rnn" if row % 3 == 2 else "interface")
            log.write(encode_row(begin + timedelta(seconds=row * step), whose, rng.random(dimension - 1).tolist()))
    return path
