"""Programs that are not ours find ``impsy run`` and ``impsy webui`` in the network, and list and move controls."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import pytest
from performance import Performance
from pythonosc.udp_client import SimpleUDPClient

from impsy.io.announcing import HTTP, OSC, OSCQUERY
from mdns_browser import Browser
from ports import free_ports
from waiting import wait_until

pytestmark = pytest.mark.slow
PYTHON = [sys.executable, "-m", "impsy"]
FOUND = """
[[controls]]
name = "Cutoff"
[[controls]]
name = "Resonance"
"""


@pytest.fixture
def performance(tmp_path):
    title = f"peers {time.time_ns() % 1_000_000}"
    made = Performance(tmp_path, mode="useronly", dimension=3, more=FOUND)
    text = made.folder / "config.toml"
    text.write_text(
        f'title = "{title}"\n' + text.read_text().replace("[osc]", "[osc]\nquery = true\nannounce = true")
    )
    made.title = title
    made.start()
    try:
        made.wait_until_open()
        yield made
        made.end()
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def test_python_oscquery_finds_the_controls_by_name_and_moves_them(performance):
    client = pytest.importorskip("pythonoscquery.osc_query_client", reason="pip install 'impsy[dev]'")
    with Browser(OSC, OSCQUERY) as browser:
        wait_until(lambda: len(browser.begin_with(performance.title)) == 2)
        services = browser.begin_with(performance.title)
        (service,) = [info for name, info in services.items() if OSCQUERY in name]
        query = client.OSCQueryClient(service)
        host = query.get_host_info()
        assert performance.title in host.name
        assert host.osc_port == performance.server
        nodes = {node.full_path: node for node in query.query_node("/")}
        assert [nodes[f"/impsy/control/{number}"].description for number in (1, 2)] == ["Cutoff", "Resonance"]
        with SimpleUDPClient(host.osc_ip, host.osc_port) as osc:
            for path, value in (
                ("/impsy/control/2", 0.75),
                ("/impsy/timescale", 2.0),
                ("/impsy/mode", "battle"),
                ("/impsy/pause", True),
            ):
                osc.send_message(path, value)
                wait_until(lambda path=path, value=value: query.query_node(path).value == [value])
        performance.end()
        wait_until(lambda: not browser.begin_with(performance.title))
    assert [values for _time, values in performance.rows("interface")][-1][1] == 0.75


AVAHI = """\
[server]
use-ipv4=yes
use-ipv6=no
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
[rlimits]
"""


@pytest.fixture
def avahi(tmp_path):
    """The system's Avahi, or one on a message bus of its own; the environment of ``avahi-browse``."""
    if subprocess.run(["avahi-daemon", "--check"], check=False).returncode == 0:
        yield dict(os.environ)
        return
    assert os.geteuid() == 0, "Avahi's daemon does not run, and only root may start one: systemctl start avahi-daemon"
    (tmp_path / "avahi.conf").write_text(AVAHI)
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True
    )
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus.stdout.readline().strip()}
    command = ["avahi-daemon", "--no-drop-root", "--no-rlimits", "--no-chroot", "-f", str(tmp_path / "avahi.conf")]
    with (tmp_path / "avahi.txt").open("wb") as log:
        daemon = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: "startup complete" in (tmp_path / "avahi.txt").read_text())
        yield environment
    finally:
        for each in (daemon, bus):
            each.terminate()
            each.wait(20)
        bus.stdout.close()


@pytest.mark.peer("avahi-browse", "avahi-daemon", "dbus-daemon")
def test_avahi_finds_the_page_and_osc(performance, avahi, tmp_path):
    (port,) = free_ports(1)
    command = [*PYTHON, "webui", "--no-open", "--announce", "--port", str(port), "--workdir", str(performance.folder)]
    page = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def browsed(kind):
        found = subprocess.run(["avahi-browse", "-rtp", kind], env=avahi, capture_output=True, text=True, timeout=60)
        lines = [line.split(";") for line in found.stdout.splitlines() if line.startswith("=")]
        return [line[8] for line in lines if performance.title in line[3].replace("\\032", " ")]

    try:
        for kind, expected in ((OSC, performance.server), (OSCQUERY, performance.server), (HTTP, port)):
            wait_until(lambda kind=kind, expected=expected: str(expected) in browsed(kind), every=0.2)
    finally:
        page.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            page.wait(20)
    performance.end()
    wait_until(lambda: not any(browsed(kind) for kind in (OSC, OSCQUERY, HTTP)), every=0.2)
