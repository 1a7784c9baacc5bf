"""Whatever is saved as the configuration while playing: a sentence, and later saves are heard."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from impsy.config import load_config
from impsy.config.watching import ConfigWatcher
from impsy.perform import Ports, Reloader, Reports, WantedPorts, build_session
from waiting import wait_until

pytestmark = pytest.mark.slow

CONFIG = """\
[interaction]
threshold = {threshold}
[model]
dimension = 3
file = "{file}"
[webui]
monitor_port = 9
command_port = 0
"""


@pytest.fixture
def playing(tmp_path: Path):
    """A session, what it reports, and how its configuration is saved."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(threshold=0.1, file=""))
    loaded = load_config(config)
    reports, ports = Reports(), Ports(WantedPorts())
    session = build_session(loaded, logdir=None, reports=reports, ports=ports)
    reloader = Reloader(session, ports, loaded, lambda fresh: fresh, session.report)
    with session, ConfigWatcher(config).then(reloader.reload):
        yield session, reports, config


def clear(config: Path) -> None:
    if config.is_dir() and not config.is_symlink():
        shutil.rmtree(config)
    else:
        config.unlink(missing_ok=True)


def save(config: Path, content: bytes) -> None:
    """In one step, as editors do."""
    new = config.with_suffix(".new")
    new.write_bytes(content)
    clear(config)
    new.rename(config)


def with_file(name: str) -> bytes:
    return CONFIG.format(threshold=0.1, file=name).encode("utf-8", "surrogatepass")


TEXTS = {
    "long": with_file("m" * 300),
    "nul": with_file("a\\u0000b"),
    "surrogate": with_file("\ud800"),
    "escaped surrogate": with_file("\\ud800"),
    "folder": with_file("."),
    "deep": with_file("x/" * 5000),
    "zeros": bytes(100),
    "no dimension": with_file("").replace(b"dimension = 3", b""),
    "huge dimension": with_file("").replace(b"dimension = 3", b"dimension = 99999999999999999999"),
    "nested": b"a = " + b"[" * 5000,
    "scene": with_file("") + b'[scenes."x"]\nmodel = "' + b"m" * 300 + b'"\n',
}


def heard_later(session, config, threshold):
    save(config, CONFIG.format(threshold=threshold, file="").encode())
    wait_until(lambda: session.view().engine.settings.threshold == threshold, what="a later save")


@pytest.mark.slow
def test_texts(playing, caplog):
    session, reports, config = playing
    for number, (name, content) in enumerate(TEXTS.items()):
        before = len(reports.recent(1000))
        save(config, content)
        wait_until(lambda: len(reports.recent(1000)) > before, what=name)  # noqa: B023 - called at once
        heard_later(session, config, 0.2 + number / 100)
    assert "Traceback" not in caplog.text
    assert all(len(report.text) < 2500 for report in reports.recent(1000))


@pytest.mark.skipif(os.name != "posix", reason="pipes and links are POSIX's")
@pytest.mark.slow
def test_what_is_no_file(playing, caplog):
    session, reports, config = playing
    made = {
        "a folder": config.mkdir,
        "a pipe": lambda: os.mkfifo(config),
        "a link to a device": lambda: config.symlink_to("/dev/zero"),
        "a link to itself": lambda: config.symlink_to(config.name),
    }
    for number, (name, make) in enumerate(made.items()):
        before = len(reports.recent(1000))
        clear(config)
        make()
        if name != "a link to itself":  # which is as if there were no file
            wait_until(lambda: len(reports.recent(1000)) > before, what=name)  # noqa: B023 - called at once
        heard_later(session, config, 0.5 + number / 100)
    assert "Traceback" not in caplog.text
