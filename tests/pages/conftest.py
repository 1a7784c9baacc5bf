"""The web interface as a process of its own, and a browser that looks at it."""

from __future__ import annotations

import pytest
from jack_stage import JackProcess
from playwright.sync_api import expect

from bench.browser import FEW_FRAMES, SHELLS, WebInterface, browsing, quiet
from ports import free_ports
from trainings import trainings_get_time
from waiting import PATIENCE

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="module", autouse=True)
def busy_trainings():
    """See :func:`trainings.trainings_get_time`."""
    with trainings_get_time():
        yield


@pytest.fixture(scope="module")
def chromium():
    """A browser. Not for longer than a module: while it is there, its event loop counts as running in this thread."""
    with browsing(names=SHELLS) as browser:
        make = browser.new_context

        def new_context(**how):
            context = make(**how)
            context.add_init_script(FEW_FRAMES)
            return context

        browser.new_context = new_context
        browser.new_page = lambda **how: new_context(**how).new_page()
        yield browser


@pytest.fixture
def workspace(tmp_path):
    """An empty folder of a name that looks well in a picture."""
    folder = tmp_path / "my-instrument"
    folder.mkdir()
    return folder


@pytest.fixture
def webui(workspace):
    """``impsy webui`` in an empty folder."""
    with WebInterface(workspace) as interface:
        yield interface


@pytest.fixture
def page(chromium, webui):
    """A page of it; whatever goes wrong in its scripts fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    told = quiet(page)
    yield page
    context.close()
    assert not told


@pytest.fixture(scope="module")
def jack(jack_alone):
    """A JACK server of the module's own."""
    server = JackProcess("impsy-tests")
    server.start()
    yield server
    server.end()


@pytest.fixture
def ports():
    """The [webui] section with ports of this test's own."""
    monitor, command = free_ports(2)
    return f"\n[webui]\nmonitor_port = {monitor}\ncommand_port = {command}\n"
