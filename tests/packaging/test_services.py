"""Services for machines that nobody sits at: the units, and the script that puts them there."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging_tools import INSTALL, ROOT, bare_environment, install, succeed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these services are Linux's")

UNITS = ("impsy.service", "impsy-webui.service")


def unit(path: Path) -> configparser.RawConfigParser:
    read = configparser.RawConfigParser(strict=True, comment_prefixes=("#",), inline_comment_prefixes=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(path)
    return read


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Each file that is not the environment's: what is in it, and its permissions."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
        if path.is_file() and "/opt/impsy/" not in path.as_posix()
    }


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_comes_back_in_order_and_is_watched(name):
    service = unit(ROOT / "packaging" / "systemd" / name)
    assert service["Service"]["Type"] == "notify"
    assert service["Service"]["Restart"] in {"always", "on-failure"}
    assert int(service["Service"]["WatchdogSec"]) > 0
    assert int(service["Unit"]["StartLimitBurst"]) * 10 <= int(service["Unit"]["StartLimitIntervalSec"])
    assert service["Service"]["LimitRTPRIO"] == "20"
    assert service["Service"]["User"] == "impsy"
    assert "network.target" in service["Unit"]["After"]
    assert service["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.peer("systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_sandboxed(name):
    """systemd's own measure, from 0 to 10: 8.0 without a sandbox, and 4 at most are wanted."""
    path = ROOT / "packaging" / "systemd" / name
    succeed("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=40", path)
    service = unit(path)["Service"]
    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"] == service["WorkingDirectory"], "it records, and saves configurations"
    assert service["Environment"] == f"IMPSY_CACHE=/var/cache/{service['CacheDirectory']}", "outside the workspace"
    assert service["CacheDirectoryMode"] == "0700"
    assert service["SystemCallFilter"] == "@system-service"


@pytest.mark.parametrize("name", UNITS)
def test_the_sandbox_leaves_what_playing_needs(name):
    service = unit(ROOT / "packaging" / "systemd" / name)["Service"]
    closed = {"PrivateDevices", "PrivateNetwork", "PrivateIPC", "RestrictRealtime", "MemoryDenyWriteExecute"}
    assert not closed & set(service), "MIDI and serial ports, OSC, JACK, real-time scheduling, compiled steps"
    assert {"audio", "dialout"} <= set(service["SupplementaryGroups"].split())
    families = {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}
    assert set(service["RestrictAddressFamilies"].split()) == families
    assert service["SystemCallErrorNumber"] == "EPERM", "a call that is refused ends nothing"


@pytest.mark.peer("systemd-analyze")
def test_what_is_needed_passes_the_filter_of_system_calls():
    listed = succeed("systemd-analyze", "--no-pager", "syscall-filter", "@system-service")
    listed += succeed("systemd-analyze", "--no-pager", "syscall-filter", *re.findall(r"@[\w-]+", listed)[1:])
    for call in ("sched_setscheduler", "setpriority", "prlimit64", "mlockall", "mmap", "memfd_create", "clone3"):
        assert re.search(rf"^\s+{call}$", listed, re.MULTILINE), call


def wheel(folder: Path) -> Path:
    """A package with nothing in it."""
    folder.mkdir(exist_ok=True)
    path = folder / "nothing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("nothing.py", "")
        archive.writestr("nothing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        archive.writestr("nothing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("nothing-1.0.dist-info/RECORD", "")
    return path


@pytest.mark.slow
def test_a_package_of_another_hash_than_the_lock_says_is_not_installed(tmp_path):
    package = wheel(tmp_path / "wheels")
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    lock = tmp_path / "requirements.txt"
    settings = {"PIP_NO_INDEX": 1, "PIP_FIND_LINKS": package.parent, "PYTHON": sys.executable}
    for given, code in ((digest, 0), (digest[::-1], 1)):
        lock.write_text(f"nothing==1.0 --hash=sha256:{given}\n")
        prefix = tmp_path / f"root{code}"
        # It then misses impsy, which comes after what the lock has.
        arguments = ["--root", prefix, "--lock", lock]
        done = subprocess.run(
            [INSTALL, *arguments, "--package", package],
            capture_output=True,
            text=True,
            check=False,
            env=bare_environment(tmp_path, **settings),
        )
        assert ("DO NOT MATCH THE HASHES" in done.stderr) == bool(code)
        assert bool(list(prefix.rglob("nothing.py"))) == (not code)


def test_without_a_lock_the_versions_are_those_that_were_tested(tmp_path):
    said = install(tmp_path, "--dry-run")
    assert f"--constraint {ROOT / 'constraints.txt'} {ROOT}" in said
    lock = tmp_path / "requirements.txt"
    lock.write_text("")
    said = install(tmp_path, "--dry-run", "--lock", lock)
    assert f"--require-hashes --requirement {lock}" in said
    assert f"--no-deps {ROOT}" in said
    assert "--constraint" not in said


def test_the_page_comes_after_what_plays_which_waits_for_sound():
    play, page = (unit(ROOT / "packaging" / "systemd" / name) for name in UNITS)
    assert "sound.target" in play["Unit"]["After"]
    assert "impsy.service" in page["Unit"]["After"]
    assert "--start" not in page["Service"]["ExecStart"], "the other unit plays"
    assert page["Service"]["KillMode"] == "process", "a training goes on"


def test_it_installs_and_doing_so_again_changes_nothing(root, distributions, tmp_path):
    before = contents(root)
    assert set(before) >= {
        "etc/systemd/system/impsy.service",
        "etc/systemd/system/impsy-webui.service",
        "etc/impsy/webui.env",
        "var/lib/impsy/config.toml",
    }
    token, mode = before["etc/impsy/webui.env"]
    assert mode == 0o600
    assert re.fullmatch(rb"IMPSY_TOKEN=[\w-]{32}\n", token)
    config = root / "var/lib/impsy/config.toml"
    config.write_text(config.read_text().replace("My instrument", "Mine"))
    before = contents(root)
    install(tmp_path, "--root", root, "--package", distributions.wheel)
    assert contents(root) == before
    assert "impsy" in succeed(root / "opt/impsy/bin/impsy", "--version")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "it wrote outside of its root"


@pytest.mark.peer("systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(root, tmp_path):
    for name in UNITS:
        text = (root / "etc/systemd/system" / name).read_text()
        # As they are, but for the place of the program, which must be there.
        (tmp_path / name).write_text(text.replace("/opt/impsy/", f"{root}/opt/impsy/"))
    said = succeed("systemd-analyze", "--man=no", "verify", *(tmp_path / name for name in UNITS))
    assert said == ""


@pytest.mark.peer("systemd-analyze")
def test_a_users_own_services_leave_out_what_only_the_system_may(root, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "impsy-workspace").mkdir()
    (home / "impsy-workspace" / "config.toml").write_text("[model]\ndimension = 3\n")
    prefix = root / "opt" / "impsy"
    # The environment is there already, and --package names what is in it: nothing is loaded.
    install(home, "--user", "--no-start", "--prefix", prefix, "--package", "impsy", "--host", "127.0.0.1")
    folder = home / ".config" / "systemd" / "user"
    for name in UNITS:
        service = unit(folder / name)
        assert not {"User", "SupplementaryGroups", "LimitRTPRIO", "ProtectSystem", "PrivateTmp"} & set(
            service["Service"]
        )
        assert service["Service"]["WorkingDirectory"] == str(home / "impsy-workspace")
        assert service["Install"]["WantedBy"] == "default.target"
    assert "--host 127.0.0.1 --token" in unit(folder / UNITS[1])["Service"]["ExecStart"]
    assert stat.S_IMODE((home / ".config/impsy/webui.env").stat().st_mode) == 0o600
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = bare_environment(home, XDG_RUNTIME_DIR=runtime)
    verify = ["systemd-analyze", "--user", "--man=no", "verify", *(folder / name for name in UNITS)]
    assert succeed(*verify, env=environment) == ""


def test_a_dry_run_says_all_and_does_nothing(tmp_path):
    said = install(tmp_path, "--dry-run", "--package", "impsy", "--extras", "train")
    for words in (
        "useradd --system",
        "-m venv /opt/impsy",
        f"install --disable-pip-version-check --quiet --upgrade --constraint {ROOT / 'constraints.txt'} impsy[train]",
        "write /etc/systemd/system/impsy.service",
        "systemctl enable impsy.service impsy-webui.service",
    ):
        assert words in said
    assert list(tmp_path.iterdir()) == []
    assert not Path("/opt/impsy").exists()


def test_taking_it_away_leaves_the_workspace(tmp_path):
    root = tmp_path / "root"
    for name in (
        *(f"etc/systemd/system/{each}" for each in UNITS),
        "opt/impsy/pyvenv.cfg",
        "etc/impsy/webui.env",
        "var/lib/impsy/config.toml",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "opt/other").mkdir()
    install(tmp_path, "--root", root, "--uninstall")
    assert [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()] == [
        "var/lib/impsy/config.toml"
    ]
    assert not (root / "etc/impsy").exists()
    install(tmp_path, "--root", root, "--uninstall")
    # A folder that is no environment is not this script's to remove.
    install(tmp_path, "--root", root, "--uninstall", "--prefix", "/var/lib/impsy")
    assert (root / "var/lib/impsy/config.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--surprise"], "--help lists them"),
        (["--prefix"], "needs a value"),
        (["--root", "/tmp/x", "--prefix", "here"], "whole path"),
        (["--root", "/tmp/x", "--lock", "/nowhere/requirements.txt"], "no such file"),
        (["--root", "/tmp/x", "--workspace", "/my stage"], "letters, digits"),
        (["--root", "/tmp/x", "--host", "a b; reboot"], "an address"),
    ],
)
def test_mistakes_are_told_before_anything_is_done(tmp_path, arguments, words):
    done = subprocess.run(
        [INSTALL, *arguments], capture_output=True, text=True, check=False, env=bare_environment(tmp_path)
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert not Path("/tmp/x").exists()


def test_a_python_that_is_too_old_is_told(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        [INSTALL, "--root", tmp_path / "root"],
        capture_output=True,
        text=True,
        check=False,
        env=bare_environment(tmp_path, PYTHON=old),
    )
    assert done.returncode == 1
    assert "3.11 or later" in done.stderr
    assert not (tmp_path / "root").exists()


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only the superuser may become another")
def test_without_sudo_it_says_what_to_do(tmp_path):
    done = subprocess.run(
        ["/bin/bash", "-s", "--"],
        input=INSTALL.read_text(),
        cwd="/usr",
        capture_output=True,
        text=True,
        check=False,
        user=65534,
        group=65534,
        extra_groups=[],
    )
    assert done.returncode == 1
    assert "run it with sudo, or with --user" in done.stderr
