"""A workshop: its folders, who gets which instrument, what keeps it within memory, and real sessions."""

from __future__ import annotations

import contextlib
import json

import httpx
import pytest
from test_guest_rights import BEARER, TOKEN, connected
from web_core import receive, say, serving_site

from impsy.config import load_config
from impsy.errors import ConfigError
from impsy.web.guests.invitations import NotLetIn
from impsy.web.server.safety import rules_for
from impsy.web.site import Site
from impsy.web.workshop.folders import make_folders, starter_template, template_files
from impsy.web.workshop.workshop import LEFT_BYTES, SESSION_BYTES, Workshop, memory_for
from impsy.web.workspace import Conflict, NotFound, Workspace
from waiting import wait_until

TEMPLATE = """\
# ours
title = "Trio"
[interaction]
mode = "duet"
[clock]
source = "midi"
send = ["Synth"]
[model]
dimension = 3
file = "models/ours.tflite"
[midi]
in_device = ["Knobs"]
input."Knobs" = [["control_change", 1, 7], ["control_change", 1, 8]]
[osc]
server_port = 6000
[[controls]]
name = "Cutoff"
[[controls]]
name = "Decay"
"""


class Supervisor:
    def __init__(self):
        self.state = "stopped"

    def start(self):
        self.state = "running"

    def stop(self):
        self.state = "stopped"

    close = stop

    def status(self):
        return {"status": self.state, "sentence": "", "state": {"input": [0.5], "output": [0.25], "turn": "model"}}


class Link:
    def __init__(self):
        self.sent = []

    def send(self, address, types, values):
        self.sent.append(address)


class Place(contextlib.nullcontext):
    """What stands for a site: no process, no port."""

    def __init__(self, workspace, hub):
        super().__init__()
        self.workspace, self.hub, self.link, self.supervisor = workspace, hub, Link(), Supervisor()


@pytest.fixture
def made(tmp_path):
    """A workshop of places, the invitations that it goes by, and the memory that there is."""
    from impsy.web.guests.invitations import Invitations

    invitations, told = Invitations(), []
    invitations.advice = ""
    memory = [LEFT_BYTES + 5 * SESSION_BYTES]
    workshop = Workshop(Workspace(tmp_path), told.append, invitations, Place, lambda: memory[0])
    workshop.told, workshop.memory, workshop.invitations = told, memory, invitations
    yield workshop
    workshop.close()


FILES = {"config.toml": b'title = "x"\n[model]\ndimension = 3\n'}


def test_each_guest_gets_the_next_free_instrument_until_all_are_taken(made):
    code = made.open(3, FILES).code
    guests = [made.invitations.join(code, "10.0.0.1") for _ in range(3)]
    assert [(guest.role, guest.instrument) for guest in guests] == [("own", 1), ("own", 2), ("own", 3)]
    with pytest.raises(NotLetIn, match="All 3 instruments are taken"):
        made.invitations.join(code, "10.0.0.1")
    made.free(2)
    assert guests[1].ended
    assert made.invitations.join(code, "10.0.0.1").instrument == 2
    with pytest.raises(NotFound):
        made.free(4)


def test_instruments_start_by_themselves_and_are_stopped_and_silenced_together(made):
    made.open(3, FILES)
    wait_until(lambda: all(each["status"] == "running" for each in made.wall()["instruments"]))
    made.panic()
    assert all(made.instrument(number).link.sent == ["/impsy/panic"] for number in (1, 2, 3))
    made.stop()
    wait_until(lambda: all(each["status"] == "stopped" for each in made.wall()["instruments"]))
    made.start(2)
    wait_until(lambda: made.wall()["instruments"][1]["status"] == "running")
    wait_until(lambda: made.told[-1]["instruments"][1]["status"] == "running")
    places = [made.instrument(number) for number in (1, 2, 3)]
    made.close()
    assert [each.supervisor.state for each in places] == ["stopped"] * 3
    assert made.wall()["instruments"] == []
    assert made.invitations.all() == []


def test_a_workshop_that_does_not_fit_into_memory_is_refused_with_what_does(made):
    with pytest.raises(Conflict, match="memory for 5 instruments, not for 6"):
        made.open(6, FILES)
    assert made.invitations.all() == []
    made.open(5, FILES)
    with pytest.raises(Conflict, match="open already"):
        made.open(1, FILES)


def test_no_session_is_started_where_no_memory_is_left(made):
    made.open(2, FILES)
    wait_until(lambda: all(each["status"] == "running" for each in made.wall()["instruments"]))
    made.stop()
    wait_until(lambda: all(each["status"] == "stopped" for each in made.wall()["instruments"]))
    made.memory[0] = LEFT_BYTES
    made.start()
    wait_until(lambda: "no memory" in made.wall()["sentence"])
    assert made.instrument(1).supervisor.state == "stopped"
    assert memory_for(0) == 0


def test_a_template_keeps_its_instrument_and_leaves_its_ports(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "ours.tflite").write_bytes(b"a model")
    (tmp_path / "config.toml").write_text(TEMPLATE)
    files = template_files(load_config(tmp_path / "config.toml"))
    assert files["models/ours.tflite"] == b"a model"
    folders = make_folders(tmp_path / "workshop", 2, files)
    loaded = load_config(folders[1] / "config.toml").config
    assert loaded.title == "Instrument 2"
    assert loaded.interaction.mode == "duet"
    assert [each.name for each in loaded.controls] == ["Cutoff", "Decay"]
    assert loaded.midi is None
    assert loaded.osc is None
    assert loaded.clock.source != "midi"
    assert not loaded.clock.send


@pytest.mark.parametrize("name", ["../x.tflite", "/etc/passwd", "models/none.tflite"])
def test_a_template_whose_model_is_not_beside_it_is_refused(tmp_path, name):
    (tmp_path / "config.toml").write_text(TEMPLATE.replace("models/ours.tflite", name))
    with pytest.raises(ConfigError, match="model"):
        template_files(load_config(tmp_path / "config.toml"))


def test_what_was_recorded_stays_and_a_changed_configuration_is_kept(tmp_path):
    [folder] = make_folders(tmp_path, 1, FILES)
    (folder / "logs" / "a.log").write_text("a row")
    make_folders(tmp_path, 1, {"config.toml": FILES["config.toml"] + b"# more\n"})
    assert (folder / "logs" / "a.log").read_text() == "a row"
    assert (folder / "config.toml.bak").exists()


def test_without_a_configuration_there_are_eight_controls_and_a_model(tmp_path):
    [folder] = make_folders(tmp_path, 1, starter_template())
    loaded = load_config(folder / "config.toml")
    assert loaded.config.model.dimension == 9
    assert loaded.model_file().is_file()


@pytest.mark.slow
def test_guests_play_instruments_of_their_own_and_nothing_else(tmp_path):
    rules = rules_for("0.0.0.0", (), {"IMPSY_TOKEN": TOKEN})
    (tmp_path / "class").mkdir()
    with Site(Workspace(tmp_path / "class")) as site, serving_site(site, rules) as server:
        code = httpx.post(f"{server.url}/api/workshop", headers=BEARER, json={"count": 2}, timeout=60).json()["code"]

        def wall():
            return httpx.get(f"{server.url}/api/workshop", headers=BEARER).json()["instruments"]

        wait_until(lambda: all(each["status"] == "running" for each in wall()))
        with server.client as one, server.client as two:
            for client in (one, two):
                client.get("/", params={"join": code})
            assert one.get("/api/overview").json()["title"] == "Instrument 1"
            assert two.get("/api/overview").json()["title"] == "Instrument 2"
            for path in ("/api/workshop", "/api/takes", "/api/invitations", "/api/config"):
                assert one.get(path).status_code == 403
            assert one.post("/api/session/stop").status_code == 403
            with connected(server, one) as page, connected(server, two) as other:
                say(page, type="play", changes=[[0, 0.625]])
                wait_until(lambda: receive(page, "in", 20)["values"][0] == 0.625)
                say(page, type="command", name="mode", value="useronly")
                wait_until(lambda: (receive(page, "session", 20)["state"] or {}).get("mode") == "useronly")
                assert receive(other, "session", 20)["state"]["mode"] != "useronly"
            assert [each["taken"] for each in wall()] == [True, True]
        closed = httpx.request("DELETE", f"{server.url}/api/workshop", headers=BEARER, timeout=60)
        assert json.loads(closed.text)["instruments"] == []
        assert list((tmp_path / "class" / "workshop" / "01" / "logs").glob("*.log"))


def test_a_workshop_has_so_many_instruments_at_most(made):
    made.memory[0] = 1 << 60
    with pytest.raises(Conflict, match="1 to 60 instruments, not 61"):
        made.open(61, FILES)
