"""Two workspaces on one machine, neither of which names local ports: both play, and neither hears the other."""

from __future__ import annotations

import json
import os
import socket

import psutil
import pytest
from web_core import StandIn
from workspaces import Pages

from impsy.codecs.osc import encode_vector
from impsy.config import load_config, localports
from impsy.config.localports import PAGE_FILE, named_ports, where_the_page_listens
from impsy.config.schema import WebuiConfig
from impsy.io.osc import OscListener
from impsy.perform.monitoring.monitor import Monitor
from impsy.web.live import link as links
from impsy.web.live.presence import Presence
from impsy.web.site import Site
from impsy.web.workspace import Workspace
from ports import free_port
from waiting import wait_until

CONFIG = "[model]\ndimension = 3\n"


@pytest.fixture(autouse=True)
def usual(monkeypatch):
    """Usual ports that nobody else on this machine has, of this process alone."""
    usual = WebuiConfig(monitor_port=free_port(), command_port=free_port())
    for module in (localports, links):
        monkeypatch.setattr(module, "USUAL", usual)
    return usual


def workspace(folder, text=CONFIG):
    folder.mkdir()
    (folder / "config.toml").write_text(text)
    return Workspace(folder)


def listening(site):
    """The port at which a site hears sessions, once it does."""
    path = site.workspace.root / PAGE_FILE
    wait_until(path.exists, what="that the page says where it listens")
    return json.loads(path.read_bytes())["monitor_port"]


def session(site, monitor, command, *, pid=1):
    stand_in = StandIn(monitor, command, pid=pid)
    stand_in.state |= {"config": str(site.workspace.config), "command_port": command}
    return stand_in


def test_the_second_page_listens_elsewhere_and_says_where(tmp_path, usual):
    with Site(workspace(tmp_path / "a")) as first, Site(workspace(tmp_path / "b")) as second:
        assert listening(first) == usual.monitor_port
        assert listening(second) != usual.monitor_port
        assert first.link.trouble == second.link.trouble == ""
        loaded = load_config(second.workspace.config)
        assert where_the_page_listens(loaded)() == listening(second) == second.link.ports[0]
    assert not (tmp_path / "a" / PAGE_FILE).exists()


def test_each_page_hears_and_commands_its_own_session(tmp_path, usual):
    sites = [Site(workspace(tmp_path / name), hub=Pages()) for name in "ab"]
    with sites[0] as first, sites[1] as second:
        ports = [free_port() for _ in sites]
        # Both send to the first page: the second was started later, and is found only then.
        with (
            session(first, listening(first), ports[0], pid=11) as one,
            session(second, listening(first), ports[1], pid=12) as stranger,
        ):
            wait_until(lambda: first.link.state)
            assert first.link.state["pid"] == 11
            first.link.send("/impsy/mode", "s", ["battle"])
            wait_until(lambda: ("/impsy/mode", ["battle"]) in one.heard)
            assert second.link.state is None
            stranger.tell_state()
            stranger.send(encode_vector("/monitor/out", [0.9, 0.9]))
            one.send(encode_vector("/monitor/out", [0.1, 0.1]))
            wait_until(lambda: first.hub.of("out"))
            assert [message["values"] for message in first.hub.of("out")] == [[0.1, 0.1]]
        with session(second, listening(second), ports[1], pid=13) as two:
            wait_until(lambda: second.link.state)
            second.link.send("/impsy/mode", "s", ["useronly"])
            wait_until(lambda: ("/impsy/mode", ["useronly"]) in two.heard)


def test_ports_that_a_configuration_names_are_kept(tmp_path):
    monitor, command = free_port(), free_port()
    named = workspace(tmp_path / "a", f"{CONFIG}[webui]\nmonitor_port = {monitor}\ncommand_port = {command}\n")
    (named.root / PAGE_FILE).parent.mkdir()
    (named.root / PAGE_FILE).write_text('{"monitor_port": 5555}')
    loaded = load_config(named.config)
    assert named_ports(loaded.config) == (monitor, command)
    assert where_the_page_listens(loaded)() == monitor
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", monitor))
        with Site(named) as site:
            wait_until(lambda: site.link.trouble, what="that the port is told to be taken")
            assert str(monitor) in site.link.trouble


def test_a_second_page_of_the_same_workspace_waits_for_the_port(tmp_path, monkeypatch, usual):
    monkeypatch.setattr(Presence, "of_another", lambda _self: True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", usual.monitor_port))
        with Site(workspace(tmp_path / "a")) as site:
            wait_until(lambda: site.link.trouble)
    assert "second web interface" in site.link.trouble


@pytest.mark.parametrize(
    "said",
    [b"", b"no JSON", b"[]", b'{"monitor_port": "x"}', b'{"monitor_port": 7}', b'{"monitor_port": 1e99}', b"7", None],
)
def test_a_file_of_nonsense_says_nothing(tmp_path, usual, said):
    here = workspace(tmp_path / "a")
    (here.root / PAGE_FILE).parent.mkdir()
    if said is None:
        os.mkfifo(here.root / PAGE_FILE)
    else:
        (here.root / PAGE_FILE).write_bytes(said)
    assert where_the_page_listens(load_config(here.config))() == usual.monitor_port
    assert not Presence(here).of_another()


def test_the_file_of_a_process_that_has_ended_does_not_count(tmp_path):
    here = workspace(tmp_path / "a")
    (here.root / PAGE_FILE).parent.mkdir()
    for pid, made in ((os.getppid(), 5), (2**22 + 1, 5), (10**30, 5), (-1, 5), (0, 0)):
        (here.root / PAGE_FILE).write_text(json.dumps({"pid": pid, "made": made, "monitor_port": 4001}))
        assert not Presence(here).of_another()


def test_a_session_takes_another_port_for_commands_where_that_is_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port, told = taken.getsockname()[1], []
        listener = OscListener("commands", "localhost", port, 2, local=True, or_any=True)
        listener.open(lambda _event: None, told.append)
        try:
            wait_until(lambda: listener.port)
            assert listener.port != port
            wait_until(lambda: any(f"as another program has {port}" in report.text for report in told))
        finally:
            listener.close()


def test_a_session_finds_a_page_that_is_started_later():
    ports = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for each in ports:
        each.bind(("127.0.0.1", 0))
        each.settimeout(10)
    now = [ports[0].getsockname()[1]]
    monitor = Monitor(lambda: now[0], lambda: {"reports": []}, lambda: 0.0)
    monitor.open()
    try:
        assert ports[0].recv(1000)
        now[0] = ports[1].getsockname()[1]
        monitor.changed()
        assert ports[1].recv(1000)
    finally:
        monitor.close()
        for each in ports:
            each.close()


@pytest.mark.skipif(os.name == "nt", reason="making links takes a permission on Windows")
def test_a_file_outside_of_the_workspace_says_nothing(tmp_path, usual):
    here = workspace(tmp_path / "a")
    (here.root / PAGE_FILE).parent.mkdir()
    (tmp_path / "page.json").write_text('{"monitor_port": 4001}')
    (here.root / PAGE_FILE).symlink_to(tmp_path / "page.json")
    assert where_the_page_listens(load_config(here.config))() == usual.monitor_port


@pytest.mark.parametrize(("made", "words"), [(5, ["impsy", "webui"]), (None, ["sleep", "60"])])
def test_a_process_counts_only_by_its_start_and_its_name(tmp_path, monkeypatch, made, words):
    here = workspace(tmp_path / "a")
    (here.root / PAGE_FILE).parent.mkdir()
    began = int(psutil.Process(os.getppid()).create_time())
    said = {"pid": os.getppid(), "made": began if made is None else made, "monitor_port": 4001}
    (here.root / PAGE_FILE).write_text(json.dumps(said))
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _self: words)
    assert not Presence(here).of_another()


@pytest.mark.parametrize("port", [7, 1023, 65_536, "4000", True])
def test_commands_are_sent_to_no_port_of_the_system(tmp_path, usual, port):
    with (
        Site(workspace(tmp_path / "a"), hub=Pages()) as site,
        session(site, listening(site), free_port()) as stand_in,
    ):
        stand_in.state["command_port"] = port
        stand_in.tell_state()
        wait_until(lambda: site.link.state and site.link.state["command_port"] == port)
        assert site.link.ports[1] not in (port, int(port))
