"""``impsy run`` and ``replay`` from the command line, without peers."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from impsy import __version__
from impsy.cli.main import COMMANDS
from impsy.cli.run import announce
from impsy.config import parse_config

CONFIG = """\
log_predictions = {log_predictions}
[model]
dimension = 3
"""


def impsy(*arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "impsy", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.format(log_predictions="false"))
    rows = []
    for phrase in range(6):
        second = f"2026-09-26T10:00:{phrase * 5:02d}"
        rows += [f"{second}.{step * 50_000:06d},interface,{step / 10},{phrase / 6}" for step in range(10)]
        rows.append(f"2026-09-26T10:00:{phrase * 5 + 2:02d}.000000,rnn,0.1,0.2")
    (tmp_path / "take.log").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.slow
def test_every_command_has_help_with_examples(tmp_path):
    overview = impsy("--help", cwd=tmp_path).stdout
    for name in COMMANDS:
        assert name in overview
        text = impsy(name, "--help", cwd=tmp_path).stdout
        assert f"impsy {name}" in text.split("Options:")[0].split("\n", 2)[2] or name in {"config", "model"}
    assert impsy("--version", cwd=tmp_path).stdout.strip() == f"impsy {__version__}"


def test_the_launcher_starts_from_a_checkout(tmp_path):
    launcher = Path(__file__).resolve().parents[2] / "start_impsy.py"
    done = subprocess.run([sys.executable, str(launcher), "--version"], capture_output=True, text=True, check=True)
    assert __version__ in done.stdout


@pytest.mark.slow
def test_running_without_a_configuration_says_what_to_do(tmp_path):
    error = impsy("run", cwd=tmp_path, code=1).stderr
    assert "config.toml" in error
    assert "impsy init" in error


@pytest.mark.slow
def test_a_model_that_is_not_there_or_does_not_fit_says_so(workspace, tmp_path):
    error = impsy("run", "no-such.tflite", cwd=workspace, code=1).stderr
    assert "no-such.tflite" in error
    (workspace / "broken.tflite").write_bytes(b"what is this")
    error = impsy("run", "broken.tflite", cwd=workspace, code=1).stderr
    assert "broken.tflite" in error


@pytest.mark.parametrize(("text", "lines"), [("log = true\n[owner]\nname = 'me'\n", 1), ("log_input = true\n", 0)])
def test_a_configuration_of_an_earlier_form_is_told_once_and_not_as_a_warning(caplog, text, lines):
    loaded = parse_config(f"{text}[model]\ndimension = 3\n")
    snapshot = SimpleNamespace(settings=SimpleNamespace(mode="battle"), model="m.tflite")
    session = SimpleNamespace(view=lambda: SimpleNamespace(engine=snapshot))
    with caplog.at_level(logging.INFO, "impsy"):
        announce(loaded, session, 0)
    told = [record for record in caplog.records if "earlier form understood" in record.getMessage()]
    assert [record.levelname for record in told] == ["INFO"] * lines
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.slow
def test_options_out_of_range_are_named(workspace):
    error = impsy("run", "--timescale", "0", "--dimension", "1", cwd=workspace, code=1).stderr
    assert "--timescale" in error
    assert "--dimension" in error
    assert "impsy run --help" in impsy("run", "--no-such-option", cwd=workspace, code=2).stderr


# --- replay -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_replay_is_the_same_each_time_and_another_seed_answers_otherwise(workspace):
    files = [workspace / name for name in ("a.log", "b.log", "c.log")]
    for file, seed in zip(files, (5, 5, 6), strict=True):
        impsy("replay", "take.log", "--seed", seed, "-o", file, cwd=workspace)
    first, again, other = (file.read_bytes() for file in files)
    assert first == again
    assert first != other
    interface = [line for line in first.decode().splitlines() if ",interface," in line]
    original = [line for line in (workspace / "take.log").read_text().splitlines() if ",interface," in line]
    assert interface == original
    assert first.count(b",rnn,") > 20
    assert other.count(b",interface,") == 60


@pytest.mark.slow
def test_replay_writes_what_was_asked_for(workspace):
    done = impsy("replay", "take.log", "--no-log-predictions", cwd=workspace)
    (written,) = (workspace / "replays").iterdir()
    assert str(written.relative_to(workspace)) in done.stdout
    assert b",rnn," not in written.read_bytes()
    impsy("replay", "take.log", "--mode", "useronly", "-o", "silent.log", cwd=workspace)
    assert b",rnn," not in (workspace / "silent.log").read_bytes()


@pytest.mark.slow
def test_replay_tells_which_lines_are_malformed_and_goes_on(workspace):
    take = workspace / "take.log"
    take.write_text("rubbish\n" + take.read_text() + "2026-09-26T10:00:59,interface,0.1\n")
    done = impsy("replay", take, "-o", "a.log", cwd=workspace)
    assert "line 1:" in done.stderr
    assert "line 68:" in done.stderr
    assert "Replayed 60 events" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such.log"], "no-such.log"),
        (["take.log", "--dimension", "9"], "dimension 9"),
        (["take.log", "-o", "take.log"], "is the recording itself"),
        (["take.log", "--realtime", "-o", "a.log"], "--realtime"),
        (["config.toml"], "no row of a performer"),
    ],
)
@pytest.mark.slow
def test_replay_errors_say_what_is_wrong(workspace, arguments, words):
    before = (workspace / "take.log").read_bytes()
    assert words in impsy("replay", *arguments, cwd=workspace, code=1).stderr
    assert (workspace / "take.log").read_bytes() == before


@pytest.mark.slow
def test_replay_in_real_time_goes_through_the_live_system(workspace):
    take = workspace / "take.log"
    take.write_text("\n".join(take.read_text().splitlines()[:10]) + "\n")
    done = impsy("replay", take, "--realtime", "--tail", 1, "--mode", "polyphony", cwd=workspace)
    assert "Heard 10 events" in done.stdout
    (log,) = (workspace / "logs").glob("*.log")
    assert log.read_text().count(",interface,") == 10


@pytest.mark.slow
def test_a_real_recording_replays_the_same_each_time(shared_data, workspace):
    model = shared_data / "models" / "musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite"
    (workspace / "config.toml").write_text(f'[model]\ndimension = 9\nfile = "{model}"\n')
    log = shared_data / "logs" / "2023-01-03T12-00-00-9d-mdrnn.log"
    impsy("replay", log, "--seed", 1, "-o", "a.log", cwd=workspace)
    impsy("replay", log, "--seed", 1, "-o", "b.log", cwd=workspace)
    impsy("replay", log, "--seed", 2, "-o", "c.log", cwd=workspace)
    a, b, c = ((workspace / name).read_bytes() for name in ("a.log", "b.log", "c.log"))
    assert a == b
    assert a != c
    assert a.count(b",interface,") == 851


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
@pytest.mark.slow
def test_the_figures_at_the_end_are_those_of_the_files(workspace):
    """The system refuses writes beyond 700 bytes of a file, as a full disk does."""
    take, temporary = workspace / "take.log", workspace / "tmp"
    temporary.mkdir()
    take.write_text("".join(f"2026-09-26T10:00:00.{step:02d}0000,interface,0.5,{step / 40}\n" for step in range(40)))
    limited = """
import resource
from impsy.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", limited, "replay", str(take), "--realtime", "--tail", "0.5", "--mode", "useronly"],
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=True,
    )
    heard = int(re.search(r"Heard (\d+) events", done.stdout)[1])
    (log,), (rescue,) = (workspace / "logs").glob("*.log"), temporary.glob("*.log")
    rows, rescued = (path.read_text().count("\n") for path in (log, rescue))
    assert rows
    assert rescued
    assert f"({rows:,} rows)" in done.stdout
    assert f"{rescued:,} rows went to {rescue}" in done.stdout
    assert f"{heard - rows - rescued:,} rows lost" in done.stdout
