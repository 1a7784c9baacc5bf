"""The container's files, checked as far as that goes without an engine, and its steps, taken in a fresh environment.

What an engine would do is done here by hand: the files that reach it are picked by ``.dockerignore``, the wheel is
made of them, installed where nothing else is, and started by the entry point with the command of the ``Dockerfile``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import httpx
import psutil
import pytest
import yaml
from packaging_tools import ROOT, bare_environment, succeed, tool
from pythonosc.osc_message import OscMessage

from impsy.codecs.osc import encode_vector
from impsy.config import load_config
from impsy.config.workspace import starter_files
from ports import free_port
from waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="containers of this kind are Linux's")

TOKEN = "a-token-for-this-test"
ENTRYPOINT = ROOT / "packaging" / "docker" / "entrypoint.sh"
CONFIG = ROOT / "packaging" / "docker" / "config.toml"


def instructions() -> list[tuple[str, str]]:
    """(name, arguments) of each instruction, its lines made one."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line.strip())]


def last(name: str) -> str:
    return [rest for each, rest in instructions() if each == name][-1]


def words(name: str) -> list[str]:
    """A command in its JSON form, which no shell comes between."""
    found: list[str] = json.loads(last(name))
    return found


# --- the files ---------------------------------------------------------------------------------------


def test_the_dockerfile_passes_its_linter():
    assert succeed(tool("hadolint"), "--no-color", "--failure-threshold", "info", ROOT / "Dockerfile") == ""


def test_the_shell_scripts_pass_theirs():
    scripts = [
        ENTRYPOINT,
        ROOT / "packaging" / "install.sh",
        ROOT / "packaging" / "release.sh",
        ROOT / ".ci" / "run",
        ROOT / ".ci" / "bare",
        ROOT / ".ci" / "readme",
    ]
    assert succeed(tool("shellcheck"), *scripts) == ""


def test_the_image_is_slim_unprivileged_and_for_every_processor():
    bases = [rest for name, rest in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert all(re.search(r"\bpython:\$\{PYTHON\}-slim-", base) for base in bases)
    assert "--platform=$BUILDPLATFORM" in bases[0]
    assert "--platform" not in bases[1]
    assert all("${DIGEST:+@${DIGEST}}" in base for base in bases), (
        "a release names the base image that it was tried on"
    )
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))
    assert last("WORKDIR") == "/workspace"
    assert set(last("EXPOSE").split()) == {"4000", "6000/udp", "6000"}
    assert not [rest for name, rest in instructions() if name == "ADD"]
    told = " ".join(rest for name, rest in instructions() if name in {"ENV", "ARG"})
    assert last("WORKDIR") not in told, "nothing that the program writes for itself, such as compiled steps, is there"
    assert not re.search(r"TOKEN|PASSWORD|SECRET|KEY", told)


def context() -> list[str]:
    """What an engine would be sent: the repository's files that .dockerignore lets through, by its rules' order."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    def matches(name: str, pattern: str) -> bool:
        parents = ["/".join(name.split("/")[: number + 1]) for number in range(name.count("/") + 1)]
        patterns = [pattern, pattern.removeprefix("**/")]
        return any(fnmatch(each, wanted) for each in parents for wanted in patterns) or (
            pattern.startswith("**/") and any(fnmatch(part, patterns[1]) for part in name.split("/"))
        )

    def is_sent(name: str) -> bool:
        sent = True
        for rule in rules:
            if matches(name, rule.removeprefix("!")):
                sent = rule.startswith("!")
        return sent

    skipped = {".git", ".venv", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [each for each in folders if each not in skipped]
        place = Path(folder).relative_to(ROOT)
        found += [name for name in ((place / file).as_posix() for file in files) if is_sent(name)]
    return found


def test_what_is_sent_is_what_is_needed_and_nothing_private():
    names = context()
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "constraints.txt", "src", "frontend", "packaging",
        "examples",
    }  # fmt: skip
    assert not [name for name in names if "static/" in name or name.endswith((".pyc", ".env", ".log"))]
    for name, rest in instructions():
        if name == "COPY" and "." not in rest.split():
            source = next(word for word in rest.split() if not word.startswith("--"))
            assert source in names, source


def test_the_compose_file_offers_the_page_and_osc_and_keeps_the_workspace():
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert set(whole) == {"services"}
    (service,) = whole["services"].values()
    known = {
        "image", "build", "init", "restart", "user", "environment", "ports", "extra_hosts", "volumes", "read_only",
        "tmpfs", "cap_drop", "security_opt",
    }  # fmt: skip
    assert set(service) == known
    ports = [_filled_in(each) for each in service["ports"]]
    wanted = ["127.0.0.1:4000:4000", "127.0.0.1:6000:6000/udp", "127.0.0.1:6000:6000"]
    assert ports == wanted, "6001 is the host's own"
    assert service["extra_hosts"] == ["host.docker.internal:host-gateway"]
    assert [_filled_in(each) for each in service["volumes"]] == [f"./workspace:{last('WORKDIR')}"]
    assert service["environment"] == {"IMPSY_TOKEN": "${IMPSY_TOKEN:-}"}
    assert _filled_in(service["user"]) == last("USER")
    assert service["build"]["context"] == "."
    assert set(service["build"]["args"]) <= {rest.split("=")[0] for name, rest in instructions() if name == "ARG"}
    assert _filled_in(service["build"]["args"]["EXTRAS"]) == "train"
    assert service["init"] is True
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def _filled_in(text: str) -> str:
    """As compose has it where no variable is set."""
    return re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", text)


def test_its_configuration_is_heard_from_outside_and_plays_the_bundled_model(tmp_path):
    for name, content in starter_files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "config.toml").write_bytes(CONFIG.read_bytes())
    loaded = load_config(tmp_path / "config.toml")
    assert not loaded.warnings
    assert loaded.model_file().is_file()
    osc = loaded.config.osc
    assert (osc.server_ip, osc.server_port) == ("0.0.0.0", 6000)
    assert (osc.client_ip, osc.client_port) == ("host.docker.internal", 6001)


# --- the steps ---------------------------------------------------------------------------------------


def test_the_first_stage_makes_the_same_wheel_of_what_it_is_sent(distributions, tmp_path):
    source = tmp_path / "source"
    for name in context():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    (run,) = (rest for name, rest in instructions() if name == "RUN" and rest.startswith("pip wheel"))
    command = run.replace("--no-cache-dir", "").replace("/wheels", str(tmp_path / "wheels")).split()
    succeed(sys.executable, "-m", *command, cwd=source, env=bare_environment(Path.home()), seconds=240)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as made, zipfile.ZipFile(distributions.wheel) as given_out:
        assert sorted(made.namelist()) == sorted(given_out.namelist())


def started(workspace: Path, fresh, port: int, share: Path) -> subprocess.Popen[str]:
    assert words("ENTRYPOINT") == ["impsy-entrypoint"]
    environment = fresh.environment(IMPSY_SHARE=share, IMPSY_TOKEN=TOKEN, PYTHONUNBUFFERED=1)
    environment["PATH"] = f"{fresh.bin}{os.pathsep}{environment['PATH']}"
    return subprocess.Popen(
        [ENTRYPOINT, *words("CMD"), "--port", str(port)],
        cwd=workspace,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_starts_plays_is_healthy_and_ends_as_the_engine_asks(fresh, tmp_path):
    port, heard, monitor, command = free_port(), free_port(), free_port(), free_port()
    workspace, share = tmp_path / "workspace", tmp_path / "share"
    workspace.mkdir()
    share.mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.bind(("127.0.0.1", 0))
        patch.settimeout(0.2)
        # The engine's network is this machine itself, where ports may be taken: else it is the image's configuration.
        text = CONFIG.read_text().replace("6000", str(heard)).replace("6001", str(patch.getsockname()[1]))
        text = text.replace("host.docker.internal", "localhost")
        (share / "config.toml").write_text(f"{text}\n[webui]\nmonitor_port = {monitor}\ncommand_port = {command}\n")
        container = started(workspace, fresh, port, share)
        try:
            found = _play(container, patch, heard, port, fresh, workspace)
            container.send_signal(signal.SIGTERM)
            said, _ = container.communicate(timeout=20)
        finally:
            container.kill()
            container.communicate()
    assert container.returncode == 0, said
    assert "Traceback" not in said
    wait_until(lambda: not psutil.pid_exists(found["pid"]))
    (log,) = (workspace / "logs").glob("*.log")
    assert log.read_text().count(",interface,") == found["sent"]
    assert {path.name for path in workspace.iterdir()} >= {"config.toml", "logs", "models", "datasets"}


def _play(container, patch, heard: int, port: int, fresh, workspace: Path) -> dict[str, int]:
    page = f"http://127.0.0.1:{port}/"
    let_in = {"Authorization": f"Bearer {TOKEN}"}

    def answer(path: str = "", **headers: str) -> httpx.Response | None:
        assert container.poll() is None, container.stdout.read()
        try:
            return httpx.get(page + path, headers=headers)
        except httpx.TransportError:
            return None

    assert wait_until(answer).status_code == 401
    assert "<title>" in httpx.get(page, headers=let_in).text
    state = wait_until(lambda: answer("api/session", **let_in).json()["state"])
    sent = 0
    packet = encode_vector("/interface", [0.1 * number for number in range(1, 9)])
    for sent in range(1, 200):
        patch.sendto(packet, ("127.0.0.1", heard))
        if sent < 5:
            continue
        time.sleep(0.15)  # longer than the threshold: the model answers
        try:
            prediction = OscMessage(patch.recv(4096))
        except TimeoutError:
            continue
        assert prediction.address in {"/prediction", "/impsy"}
        assert len(list(prediction.params)) == 8
        break
    else:
        pytest.fail("no prediction came out")
    health = last("HEALTHCHECK").partition(" CMD ")[2]
    checked = succeed(
        fresh.bin / json.loads(health)[0],
        *json.loads(health)[1:],
        "--port",
        port,
        env=fresh.environment(IMPSY_TOKEN=TOKEN),
        cwd=workspace,
    )
    assert "the session is running" in checked
    wait_until(lambda: answer("api/session", **let_in).json()["state"]["counters"]["heard"] == sent)
    return {"pid": state["pid"], "sent": sent}


def test_a_workspace_that_is_there_stays_as_it_is(fresh, tmp_path):
    (tmp_path / "config.toml").write_text("# mine\n[model]\ndimension = 3\n")
    environment = fresh.environment(IMPSY_SHARE=tmp_path)
    environment["PATH"] = f"{fresh.bin}{os.pathsep}{environment['PATH']}"
    assert "impsy run" in succeed(ENTRYPOINT, "impsy", "run", "--help", cwd=tmp_path, env=environment)
    assert (tmp_path / "config.toml").read_text().startswith("# mine")
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
    other = tmp_path / "other"
    other.mkdir()
    assert "impsy" in succeed(ENTRYPOINT, "impsy", "--version", cwd=other, env=environment)
    assert list(other.iterdir()) == []


def test_a_workspace_that_cannot_be_written_is_told_with_what_to_do():
    who = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    with ENTRYPOINT.open("rb") as script:
        done = subprocess.run(
            ["/bin/sh", "-s", "--", "impsy", "webui"],
            stdin=script,
            cwd="/usr",
            capture_output=True,
            text=True,
            check=False,
            **who,
        )
    assert done.returncode == 1
    assert "/usr cannot be written" in done.stderr
    assert "IMPSY_UID" in done.stderr
