"""A site for tests of the setup's endpoints: real files, and fakes for what runs beside them."""

from __future__ import annotations

import asyncio
import threading
from functools import partialmethod

import httpx
from starlette.applications import Starlette

from impsy.web.api import config, devices, overview, setup, system
from impsy.web.api.endpoints import routes
from impsy.web.live.hub import PageHub
from impsy.web.site import Site
from impsy.web.workspace import Workspace
from waiting import PATIENCE

ENDPOINTS = [row for module in (config, overview, setup, devices, system) for row in module.ENDPOINTS]


class FakeHub(PageHub):
    """Remembers what the pages would be told."""

    def __init__(self):
        super().__init__()
        self.messages = []
        self.changes = []
        self.told = threading.Condition()

    def send(self, message):
        with self.told:
            self.messages.append(message)
            self.told.notify_all()

    def changed(self, what):
        with self.told:
            self.changes.append(what)
            self.told.notify_all()

    def wait_for(self, condition, seconds=PATIENCE):
        """Wait until ``condition(self)``; what it gave."""
        with self.told:
            found = self.told.wait_for(lambda: condition(self), seconds)
            assert found, f"told: {self.messages[-20:]}, changed: {self.changes}"
            return found


class FakeLink:
    """A way to no session, or to one whose state a test writes down."""

    def __init__(self):
        self.state = None
        self.listening = ()

    def send(self, address, types, values):
        raise AssertionError("nothing here talks to the session")

    def configure(self, monitor_port, command_port):
        raise AssertionError("nothing here changes the ports")


class FakeSupervisor:
    """A session that does not run."""

    def __init__(self):
        self.state = "stopped"

    def status(self):
        return {"status": self.state, "ours": False, "pid": None, "sentence": "", "state": None}


def make_site(folder):
    return Site(Workspace(folder), hub=FakeHub(), link=FakeLink(), supervisor=FakeSupervisor())


class Client:
    """Asks an application without a server between them."""

    def __init__(self, app):
        self._app = app

    def request(self, method, path, **more):
        async def ask():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    put = partialmethod(request, "PUT")
    delete = partialmethod(request, "DELETE")


def client_of(site):
    return Client(Starlette(routes=routes(ENDPOINTS, site)))
