"""Sessions as processes: started, stopped, found, and what is told when they fail. Real ``impsy run`` throughout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from web_core import StandIn, make_workspace, serving

from impsy.web.session.log import FILE_BYTES, SessionLog, parse_line
from impsy.web.session.supervisor import is_session
from impsy.web.site import Site
from impsy.web.workspace import Conflict
from ports import free_ports
from waiting import if_idle, wait_until


@pytest.fixture
def site(tmp_path):
    with Site(make_workspace(tmp_path)) as site:
        yield site


def running(site):
    return site.supervisor.status()["status"] == "running" and site.link.state is not None


def run_elsewhere(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "impsy", "run", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_a_session_is_started_heard_and_ended(site, tmp_path):
    supervisor = site.supervisor
    assert supervisor.status() == {"status": "stopped", "ours": False, "pid": None, "sentence": "", "state": None}
    supervisor.start()
    started = supervisor.status()
    assert started["status"] == "starting"
    assert started["ours"] is True
    supervisor.start()
    assert supervisor.status()["pid"] == started["pid"]
    wait_until(lambda: running(site))
    assert supervisor.status()["state"]["pid"] == started["pid"]
    wait_until(lambda: any("dimension 3" in line["text"] for line in supervisor.lines()))
    line = wait_until(lambda: next((line for line in supervisor.lines() if "stand-in" in line["text"]), None))
    assert line["level"] == "warning"
    assert "WARNING" not in line["text"]
    wait_until(lambda: site.link.state["counters"]["played"])
    before = time.monotonic()
    supervisor.stop()
    assert if_idle(time.monotonic() - before) < 2
    assert supervisor.status()["status"] == "stopped"
    assert not psutil.pid_exists(started["pid"])
    assert any("Heard 0 events" in line["text"] for line in supervisor.lines())
    kept = (tmp_path / ".impsy" / "session.log").read_text()
    assert "stand-in" in kept
    assert site.link.last_state["counters"]["played"] > 0
    assert list((tmp_path / "logs").iterdir())
    supervisor.stop()


@pytest.mark.slow
def test_a_restart_plays_on_in_another_process(site):
    site.supervisor.start()
    wait_until(lambda: running(site))
    first = site.supervisor.status()["pid"]
    site.supervisor.restart()
    wait_until(lambda: running(site))
    assert site.supervisor.status()["pid"] != first
    assert not psutil.pid_exists(first)


@pytest.mark.slow
def test_a_broken_configuration_is_told_and_does_not_end_what_plays(site, tmp_path):
    config = tmp_path / "config.toml"
    good = config.read_text()
    site.supervisor.start()
    wait_until(lambda: running(site))
    config.write_text("[model\n")
    with pytest.raises(Conflict, match=r"config\.toml"):
        site.supervisor.restart()
    assert running(site)
    site.supervisor.stop()
    with pytest.raises(Conflict):
        site.supervisor.start()
    config.write_text(good + "\n")
    (tmp_path / "none.toml").write_text("")
    config.unlink()
    with pytest.raises(Conflict, match="set it up first"):
        site.supervisor.start()
    assert site.supervisor.status()["status"] == "stopped"


@pytest.mark.slow
def test_a_session_that_dies_is_told_and_started_again_only_when_asked(site):
    site.supervisor.start()
    wait_until(lambda: running(site))
    os.kill(site.supervisor.status()["pid"], signal.SIGKILL)
    wait_until(lambda: site.supervisor.status()["status"] == "failed", 3)
    assert site.supervisor.status()["sentence"] == "The session ended by itself: it was ended by SIGKILL"
    time.sleep(0.5)
    assert site.supervisor.status()["status"] == "failed"
    site.supervisor.start()
    wait_until(lambda: running(site))
    assert site.supervisor.status()["sentence"] == ""


@pytest.mark.slow
def test_why_a_session_did_not_start_is_told_without_a_stack_trace(tmp_path):
    workspace = make_workspace(tmp_path)
    text = workspace.config.read_text().replace("dimension = 3", 'dimension = 3\nfile = "broken.tflite"')
    workspace.config.write_text(text)
    (tmp_path / "broken.tflite").write_bytes(b"what is this")
    with Site(workspace) as site:
        site.supervisor.start()
        wait_until(lambda: site.supervisor.status()["status"] == "failed")
        sentence = site.supervisor.status()["sentence"]
    assert "broken.tflite" in sentence
    assert "Traceback" not in sentence


def test_a_folder_that_vanished_is_told(tmp_path):
    folder = tmp_path / "work"
    with serving(folder) as server, server.client as client:
        shutil.rmtree(folder)
        answer = client.post("/api/session/start")
        assert answer.status_code == 409
        assert "gone" in answer.json()["error"]
        with pytest.raises(Conflict):
            server.site.supervisor.start()
        assert client.get("/api/session").json()["status"] == "stopped"


@pytest.mark.parametrize("module", ["click", "numpy", "impsy"])
@pytest.mark.slow
def test_nothing_of_the_workspace_is_run(site, tmp_path, module):
    (tmp_path / f"{module}.py").write_text("import pathlib; pathlib.Path('it ran').touch()\n")
    site.supervisor.start()
    wait_until(lambda: site.supervisor.status()["status"] in {"running", "failed", "stopped"})
    assert not (tmp_path / "it ran").exists()
    assert running(site)


@pytest.mark.slow
def test_another_session_on_the_same_ports_is_still_heard_when_ours_ends(site):
    site.supervisor.start()
    wait_until(lambda: running(site))
    with StandIn(site.link.ports[0], *free_ports(1), pid=1) as other:
        # It is the one that was heard last when ours ends.
        wait_until(lambda: other.tell_state() or site.link.state["pid"] == 1)
        os.kill(site.supervisor.status()["pid"], signal.SIGKILL)
        wait_until(lambda: other.tell_state() or not site.supervisor.status()["ours"])
        wait_until(lambda: site.supervisor.status()["status"] == "running")
        assert site.supervisor.status()["pid"] == 1


@pytest.mark.slow
def test_a_session_that_was_started_elsewhere_is_found_and_can_be_ended(site, tmp_path):
    other = run_elsewhere(tmp_path)
    try:
        wait_until(lambda: site.link.state)
        status = site.supervisor.status()
        assert (status["status"], status["ours"], status["pid"]) == ("running", False, other.pid)
        assert str(other.pid) in status["sentence"]
        site.supervisor.start()
        assert site.supervisor.status()["ours"] is False
        site.supervisor.restart()
        assert other.wait(5) == 0
        wait_until(lambda: running(site))
        assert site.supervisor.status()["ours"] is True
    finally:
        other.kill()
        other.wait()


def test_what_only_says_it_is_a_session_is_not_ended(site):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "run", "impsy"])
    try:
        for pid in (bystander.pid, os.getpid(), 1, -5, "7", None, 2**70):
            with StandIn(*site.link.ports, pid=pid):
                site.link.forget()
                wait_until(lambda pid=pid: site.link.state and site.link.state["pid"] == pid)
                with pytest.raises(Conflict, match="does not look like"):
                    site.supervisor.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert not is_session(os.getpid())


@pytest.mark.slow
def test_a_session_ends_with_the_web_process_even_by_kill_9(tmp_path):
    workspace = make_workspace(tmp_path)
    code = (
        "import sys, time; from pathlib import Path; from impsy.web.site import Site;"
        "from impsy.web.workspace import Workspace\n"
        "with Site(Workspace(Path(sys.argv[1]))) as site:\n"
        "    site.supervisor.start()\n"
        "    print(site.supervisor.status()['pid'], flush=True)\n"
        "    time.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    wait_until(lambda: list((tmp_path / "logs").glob("*.log")))
    assert is_session(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_until(lambda: not psutil.pid_exists(pid))
    rows = next((tmp_path / "logs").glob("*.log")).read_text()
    assert rows.endswith("\n")
    assert workspace.config.exists()


@pytest.mark.slow
def test_a_configuration_with_other_ports_is_followed(site, tmp_path):
    config = tmp_path / "config.toml"
    other = make_workspace(tmp_path / "other")
    before = site.link.ports
    config.write_text(other.config.read_text())
    wait_until(lambda: site.link.ports != before)
    site.supervisor.start()
    wait_until(lambda: running(site))
    # A session that plays keeps its ports, and is heard on them, until it ends.
    config.write_text(make_workspace(tmp_path / "third").config.read_text())
    time.sleep(0.8)
    assert running(site)
    site.supervisor.restart()
    wait_until(lambda: running(site))


# --- what it printed ---------------------------------------------------------------------------------


def lines(*texts):
    found = []
    for text in texts:
        found.append(parse_line(text, found[-1] if found else None, "now"))
    return [(line["level"], line["text"]) for line in found]


def test_lines_are_taken_apart():
    assert lines(
        "14:50:09.159 INFO    IMPSY plays\n",
        "14:50:09.159 WARNING  careful",
        "plain",
        "\x1b[31mError\x1b[0m: config.toml: two problems",
        "  line 1: bad",
        "14:50:09.159 INFO    and then\x07",
        "14:50:09.159 ERROR   stumbled",
        "Traceback (most recent call last):",
        '  File "x"',
        "ValueError: no",
        "after",
    ) == [
        ("info", "IMPSY plays"),
        ("warning", "careful"),
        ("info", "plain"),
        ("error", "Error: config.toml: two problems"),
        ("error", "  line 1: bad"),
        ("info", "and then"),
        ("error", "stumbled"),
        ("error", "Traceback (most recent call last):"),
        ("error", '  File "x"'),
        ("error", "ValueError: no"),
        ("info", "after"),
    ]


def test_the_cause_is_a_sentence(tmp_path):
    log = SessionLog(tmp_path / "session.log")
    assert log.cause() == ""
    for text in ("Error: config.toml: wrong", "  in two ways", "  and more"):
        log.add(text)
    assert log.cause() == "config.toml: wrong\n  in two ways\n  and more"
    log.begin()
    assert log.cause() == ""
    for text in ("Traceback (most recent call last):", '  File "secret.py"', "    code", "ValueError: no"):
        log.add(text)
    assert log.cause() == "it failed (ValueError: no)"


TRACE = ("Traceback (most recent call last):", '  File "secret.py"', "ValueError: no")


@pytest.mark.parametrize(
    ("texts", "cause"),
    [
        (["14:50:09.159 ERROR   the port KNOBS is gone"], ""),
        (["14:50:09.159 ERROR   stumbled", *TRACE], ""),
        (
            [
                "14:50:09.159 ERROR   stumbled",
                *TRACE,
                "",
                "During handling of the above exception, another",
                "",
                *TRACE,
            ],
            "",
        ),
        (["Exception in thread MIDI:", *TRACE, "14:50:09.159 INFO    on it goes"], ""),
        (["Error: no room", "14:50:09.159 ERROR   and a port closed with it"], "no room"),
        (["14:50:09.159 ERROR   a port is gone", "14:50:10.000 INFO    on", *TRACE], "it failed (ValueError: no)"),
        (["14:50:09.159 ERROR   stumbled", *TRACE, *TRACE], "it failed (ValueError: no)"),
    ],
)
def test_what_was_logged_while_it_went_on_is_no_cause(tmp_path, texts, cause):
    log = SessionLog(tmp_path / "session.log")
    for text in texts:
        log.add(text)
    assert log.cause() == cause


def test_the_file_of_what_was_printed_does_not_grow_for_ever(tmp_path):
    log = SessionLog(tmp_path / ".impsy" / "session.log")
    for _ in range(33):
        log.add("x" * (FILE_BYTES // 10))
    sizes = [path.stat().st_size for path in (tmp_path / ".impsy").iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) < 2.5 * FILE_BYTES
    assert len(log.lines()) == 33


@pytest.mark.slow
def test_a_disk_that_refuses_keeps_nobody_from_reading(tmp_path):
    (tmp_path / ".impsy").write_text("a file where the folder should be")
    log = SessionLog(tmp_path / ".impsy" / "session.log")
    log.add("still here")
    assert log.error
    assert log.lines()[0]["text"] == "still here"
