"""``impsy webui`` and ``impsy demo`` as a user starts and ends them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from impsy.cli import webui
from impsy.errors import ImpsyError
from ports import free_port
from waiting import if_idle, wait_until

ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "IMPSY_TOKEN", "IMPSY_WORKDIR"}
    },
    "NO_COLOR": "1",
}


class Command:
    """``impsy`` in a process of its own; what it prints, line by line."""

    def __init__(self, *arguments: object, cwd, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "impsy", *map(str, arguments)],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**ENVIRONMENT, **environment, "PYTHONUNBUFFERED": "1"},
        )
        self.text = ""

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=10)

    def url(self) -> str:
        """The address that it prints."""
        for line in self.process.stdout:
            self.text += line
            found = re.search(r"http://\S+", line)
            if found:
                return found[0]
        raise AssertionError(self.text)

    def end(self, number: int | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=30)
        self.text += rest
        assert "Traceback" not in self.text, self.text
        return self.process.returncode


def configure(folder) -> None:
    monitor, command = free_port(), free_port()
    (folder / "config.toml").write_text(
        f"[model]\ndimension = 3\n[webui]\nmonitor_port = {monitor}\ncommand_port = {command}\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
def test_it_serves_an_empty_folder_and_ends_in_order(tmp_path, number):
    with Command("webui", "--port", 0, cwd=tmp_path) as served:
        url = served.url()
        answer = httpx.get(f"{url}api/session").json()
        assert answer["status"] == "stopped"
        refused = httpx.post(f"{url}api/session/start")
        assert refused.status_code == 409
        assert "set it up first" in refused.json()["error"]
        before = time.monotonic()
        assert served.end(number) == 0
        assert if_idle(time.monotonic() - before) < 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("named", "options", "root"),
    [
        ("there", (), "there"),
        ("not/yet/there", (), "not/yet/there"),
        ("~/there", (), "there"),
        ("", (), "."),
        ("there", ("--workdir", "other"), "other"),
    ],
)
@pytest.mark.slow
def test_the_workspace_is_the_one_that_the_environment_names(tmp_path, named, options, root):
    for folder in ("there", "other"):
        (tmp_path / folder).mkdir()
    with Command("webui", "--port", 0, *options, cwd=tmp_path, IMPSY_WORKDIR=named, HOME=str(tmp_path)) as served:
        url = served.url()
        assert httpx.get(f"{url}api/system").json()["workspace"] == str((tmp_path / root).resolve())


@pytest.mark.slow
def test_an_environment_that_names_no_folder_is_told_with_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with Command("webui", "--port", 0, cwd=tmp_path, IMPSY_WORKDIR="file/inside") as served:
        text, _ = served.process.communicate(timeout=20)
    assert served.process.returncode == 1
    assert "IMPSY_WORKDIR: file/inside cannot be made" in text
    assert "set IMPSY_WORKDIR to another folder" in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.slow
def test_the_session_that_it_started_ends_with_it(tmp_path, number):
    configure(tmp_path)
    with Command("webui", "--port", 0, "--workdir", tmp_path, cwd="/") as served:
        url = served.url()
        assert httpx.post(f"{url}api/session/start").json()["status"] == "starting"
        wait_until(lambda: httpx.get(f"{url}api/session").json()["state"])
        pid = httpx.get(f"{url}api/session").json()["pid"]
        code = served.end(number)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        wait_until(lambda: not psutil.pid_exists(pid))


@pytest.mark.slow
def test_beyond_this_machine_it_demands_the_token_that_it_prints(tmp_path):
    with Command("webui", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path) as served:
        served.url()
        port, token = None, None
        for line in served.process.stdout:
            served.text += line
            if line.startswith("Ctrl-C"):
                break
        port, token = re.findall(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", served.text)[0]
        here = f"http://127.0.0.1:{port}/api/session"
        assert httpx.get(here).status_code == 401
        assert httpx.get(here, headers={"Authorization": f"Bearer {token}"}).status_code == 200
        assert len(token) >= 32
        assert "keep it to yourself" in served.text
        served.end(signal.SIGINT)


@pytest.mark.slow
def test_a_token_of_ones_own(tmp_path):
    with Command("webui", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path, IMPSY_TOKEN="my-own-token-1") as served:
        assert served.url().endswith("?token=my-own-token-1")
        served.end(signal.SIGINT)


@pytest.mark.slow
def test_on_this_machine_a_token_is_needed_where_it_was_asked_for(tmp_path):
    with Command("webui", "--token", "--port", 0, cwd=tmp_path) as served:
        url, token = served.url().split("?token=")
        assert httpx.get(f"{url}api/session").status_code == 401
        assert httpx.get(f"{url}api/session", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        served.end(signal.SIGINT)


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="BROWSER names no program there")
@pytest.mark.slow
def test_the_token_stands_on_no_command_line_and_in_no_other_process(tmp_path):
    configure(tmp_path)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opening && mv {tmp_path}/opening {tmp_path}/opened\n')
    browser.chmod(0o755)
    desktop = {"DISPLAY": ":0", "BROWSER": f"{browser} %s"}
    token = "my-own-token-1"
    with Command("webui", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path, IMPSY_TOKEN=token, **desktop) as served:
        served.url()
        wait_until((tmp_path / "opened").exists)
        opened = (tmp_path / "opened").read_text().strip()
        assert token not in opened
        with httpx.Client() as client:
            assert client.get(opened).status_code == 303
            base = opened.partition("?")[0]
            assert client.post(f"{base}api/session/start").json()["status"] == "starting"
            pid = wait_until(lambda: client.get(f"{base}api/session").json()["pid"])
            assert "IMPSY_TOKEN" not in psutil.Process(pid).environ()
        assert httpx.get(opened).status_code == 401  # once
        served.end(signal.SIGINT)
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert kept == []


def test_mistakes_are_told_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for arguments, words in (
            (["--port", port], f"--port {port + 1}"),
            (["--workdir", "nowhere"], "no such folder"),
            (["-c", "../config.toml"], "outside of the workspace"),
            (["--allow-host", "http://x/"], "--allow-host"),
        ):
            with pytest.raises(ImpsyError) as told:
                webui.command.main([*map(str, arguments), "--no-open"], standalone_mode=False)
            assert words in str(told.value)


@pytest.mark.slow
def test_two_web_interfaces_of_one_workspace_do_not_get_in_each_others_way(tmp_path):
    configure(tmp_path)
    with Command("webui", "--port", 0, cwd=tmp_path) as first:
        one = first.url()
        httpx.post(f"{one}api/session/start")
        wait_until(lambda: httpx.get(f"{one}api/session").json()["state"])
        with Command("webui", "--port", 0, cwd=tmp_path) as second:
            two = second.url()
            sentence = wait_until(lambda: httpx.get(f"{two}api/session").json()["sentence"])
            assert "second web interface" in sentence
            refused = httpx.post(f"{two}api/session/start")
            assert refused.status_code == 409
            second.end(signal.SIGINT)
        assert httpx.get(f"{one}api/session").json()["status"] == "running"
        first.end(signal.SIGINT)


@pytest.mark.slow
def test_it_ends_soon_even_while_it_works_on_something_long(tmp_path):
    configure(tmp_path)
    log = b"2026-09-26T10:00:00.500000,interface,0.1,0.2\n" + b"rubbish\n" * (8 << 20)
    with Command("webui", "--port", 0, "--no-open", cwd=tmp_path) as web:
        url = web.url()

        def upload():
            with contextlib.suppress(httpx.HTTPError):
                httpx.post(url + "api/takes?name=a-3d-mdrnn.log", content=log, timeout=60)

        sender = threading.Thread(target=upload)
        sender.start()
        server = psutil.Process(web.process.pid)
        before = time.monotonic()
        while not server.children():
            assert if_idle(time.monotonic() - before) < 20, "it works"
            time.sleep(0.05)
        time.sleep(1)
        assert server.children(), "it still works"
        before = time.monotonic()
        web.process.terminate()
        web.process.wait(15)
        assert if_idle(time.monotonic() - before) < 8
        sender.join(10)


# --- demo --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_demo_plays_and_ends_by_itself(tmp_path):
    with Command("demo", "--seconds", 4, "--port", 0, cwd=tmp_path) as demo:
        assert demo.end() == 0
    assert "http://127.0.0.1:" in demo.text
    assert "performer ▸" in demo.text
    assert "model ▸" in demo.text
    heard, played = re.findall(r"played ([\d,]+) events?, the model ([\d,]+)", demo.text)[0]
    heard, played = (int(each.replace(",", "")) for each in (heard, played))
    assert heard > 10
    assert played > 0
    assert "ms late in the middle" in demo.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_demo_in_the_terminal_alone(tmp_path):
    with Command("demo", "--terminal", "--seconds", 3, "--mode", "polyphony", cwd=tmp_path) as demo:
        assert demo.end() == 0
    assert "http://" not in demo.text
    assert "performer ▸" in demo.text
    assert "The performer played" in demo.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_demo_shows_itself_on_the_page_and_keeps_what_it_is_told_to_keep(tmp_path):
    kept = tmp_path / "kept"
    with Command("demo", "--port", 0, "--workdir", kept, cwd=tmp_path) as demo:
        url = demo.url()
        state = wait_until(lambda: httpx.get(f"{url}api/session").json()["state"])
        assert state["dimension"] == 9
        wait_until(lambda: httpx.get(f"{url}api/session").json()["state"]["log"]["rows"])
        assert httpx.post(f"{url}api/performer", json={"running": False}).json() == {"running": False}
        demo.process.send_signal(signal.SIGINT)
        assert demo.end() == 0
    assert {path.name for path in kept.iterdir()} >= {"config.toml", "logs", "models", "datasets"}
    assert len(list((kept / "logs").glob("*.log"))) == 1
    with Command("demo", "--port", 0, "--workdir", kept, "--seconds", 1, cwd=tmp_path) as again:
        assert again.end() == 0


@pytest.mark.slow
def test_a_training_does_not_outlast_a_demo_that_is_kept_nowhere(tmp_path):
    trains = [sys.executable, "-c", "import time; time.sleep(60)", "impsy", "train"]
    with subprocess.Popen(trains) as training, Command("demo", "--port", 0, cwd=tmp_path) as demo:
        try:
            url = demo.url()
            folder = Path(httpx.get(url + "api/system", timeout=60).json()["workspace"])
            run = folder / ".impsy" / "training" / "one"
            run.mkdir(parents=True)
            made = psutil.Process(training.pid).create_time()
            said = {"dataset": "a.npz", "size": "xxs", "model": "m", "started": "2026", "options": {}}
            (run / "run.json").write_text(json.dumps(said | {"status": "running", "pid": training.pid, "made": made}))
            assert httpx.get(url + "api/training", timeout=20).json()[0]["status"] == "running"
            assert demo.end(signal.SIGTERM) == 0
            assert training.wait(5) != 0
            assert not folder.exists()
        finally:
            training.kill()


@pytest.mark.slow
def test_the_demo_takes_the_next_port_unless_it_is_told_which(tmp_path):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Command("demo", "--port", port, "--seconds", 1, cwd=tmp_path) as demo:
            assert demo.end() == 1
            assert str(port) in demo.text
    with Command("demo", cwd=tmp_path) as first, Command("demo", cwd=tmp_path) as second:
        urls = {first.url(), second.url()}
        assert len(urls) == 2
        first.end(signal.SIGINT)
        second.end(signal.SIGINT)


@pytest.mark.slow
def test_a_demo_that_cannot_play_says_why(tmp_path):
    (tmp_path / "config.toml").write_text("[model]\ndimension = 1\n")
    with Command("demo", "--port", 0, "--workdir", tmp_path, "--seconds", 1, cwd=tmp_path) as demo:
        assert demo.end() == 1
    assert "model.dimension" in demo.text


# --- browsers ----------------------------------------------------------------------------------------


class FakeBrowser:
    def __init__(self, name):
        self.name = name
        self.opened = []

    def open(self, url):
        self.opened.append(url)


@pytest.mark.parametrize(
    ("name", "opens"), [("xdg-open", 1), ("/usr/bin/firefox", 1), ("/usr/bin/lynx", 0), ("w3m", 0)]
)
def test_a_page_is_not_opened_in_the_terminal(monkeypatch, name, opens):
    made = FakeBrowser(name)
    monkeypatch.setattr(webui.webbrowser, "get", lambda: made)
    monkeypatch.setattr(webui, "has_desktop", lambda: True)
    webui.open_page("http://127.0.0.1:4000/")
    wait_until(lambda: all(thread.name != "impsy browser" for thread in threading.enumerate()))
    assert len(made.opened) == opens


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="these always have a desktop")
def test_where_there_is_a_desktop(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not webui.has_desktop()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert webui.has_desktop()
