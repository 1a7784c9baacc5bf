"""Any terminal: every command prints in every encoding, and nothing that it prints commands the terminal."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from impsy.cli.console import Console
from impsy.cli.main import COMMANDS, main
from impsy.cli.performing import logging_to
from impsy.cli.terminal import echo, prepare_streams, report_error
from impsy.codecs.log import encode_row, log_name
from impsy.config.workspace import STARTER_MODEL, create_workspace
from impsy.text import visible
from waiting import if_idle

SOURCE = Path(__file__).resolve().parents[2] / "src"
START = datetime(2026, 9, 26, 10, 0)
LOG = f"logs/{log_name(START, 9)}"
DATASET = "datasets/training-dataset-9d.npz"
SMALL = "-M xxs -B 8 -N 1"

#: Each command with a small input. Those that go on until Ctrl-C get one.
WORDS = {
    "demo": "demo --terminal --seconds 0.3",
    "webui": "webui --port 0",
    "workshop": "workshop -n 1 --host 127.0.0.1 --port 0 --no-open",
    "init": "init “neu” -f",
    "config": "config check",
    "ports": "ports",
    "map": "map",
    "monitor": "monitor --seconds 0.1",
    "doctor": "doctor",
    "run": "run --mode battle",
    "replay": f"replay {LOG} -o again.log",
    "export": f"export {LOG} -o table.csv",
    "import-midi": "import-midi tune.mid",
    "export-page": "export-page -o page.html",
    "export-midi": f"export-midi {LOG} -o tune.mid",
    "dataset": "dataset",
    "train": f"train {DATASET} {SMALL} --architecture plain -O own",
    "evaluate": f"evaluate {STARTER_MODEL} {DATASET} --quick",
    "search": f"search {DATASET} -N 1 -M xxs --trials 1 -O own",
    "model": f"model info {STARTER_MODEL}",
    "convert-tflite": f"convert-tflite -m {STARTER_MODEL} -o x.tflite",
    "test-mdrnn": "test-mdrnn -n 5",
    "completion": "completion bash",
    "licences": "licences",
    "conformance": "conformance {vectors}",
}
SLOW = ("train", "evaluate", "search")
CHEAP = (
    "init",
    "config",
    "replay",
    "export",
    "export-midi",
    "export-page",
    "import-midi",
    "dataset",
    "model",
    "completion",
    "licences",
)
ENCODINGS = ("ascii", "cp1252", "cp437", "latin-1", "utf-8", "utf-16", "shift_jis", "cp037")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("Flöte ♯ 笛 🎶")
    create_workspace(folder)
    config = folder / "config.toml"
    config.write_text(config.read_text("utf-8").replace('title = "', 'title = "Flöte ♯ 笛 🎶 '), "utf-8")
    log = folder / LOG
    log.parent.mkdir(exist_ok=True)
    rows = [
        encode_row(
            START + timedelta(seconds=step / 10), "interface", [(step + control) % 50 / 50 for control in range(8)]
        )
        for step in range(400)
    ]
    log.write_text("".join([*rows, "ungültig …\n"]), "utf-8")
    for words in (WORDS["dataset"], WORDS["export-midi"]):
        process = impsy(words, folder)
        assert process.returncode == 0, process.stderr
    return folder


def environment(encoding="utf-8"):
    return {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "PYTHONIOENCODING": encoding,
    }


def impsy(words, folder, encoding="utf-8", shell="", **how):
    """Run a command to its end; ended by Ctrl-C if it does not come by itself."""
    command = [sys.executable, "-m", "impsy", *shlex.split(words)]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    process = subprocess.Popen(command, cwd=folder, env=environment(encoding), stdin=subprocess.DEVNULL, **pipes)
    endless = words.split()[0] in {"run", "webui", "workshop", "map"}
    try:
        out, err = process.communicate(timeout=4 / max(0.1, if_idle(1.0)) if endless else 240)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_every_command_is_tried():
    assert set(WORDS) == set(COMMANDS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in COMMANDS])
@pytest.mark.slow
def test_every_command_ends_well_on_a_stream_of_ascii(name, workspace, vectors):
    process = impsy(WORDS[name].format(vectors=shlex.quote(str(vectors))), workspace, "ascii:strict")
    said = (process.stdout + process.stderr).decode("ascii")
    assert "Traceback" not in said
    assert "UnicodeEncodeError" not in said
    # No MIDI system, no inputs to map: these say so, and end with 1. Ctrl-C while a server starts gives 130.
    others = {"ports": 1, "doctor": 1, "map": 1, "webui": 130, "workshop": 130}
    assert process.returncode in (0, others.get(name, 0)), said
    assert said


@pytest.mark.parametrize(
    "words", [WORDS["dataset"], "licences", "config check", "dataset --help", "model info no.keras"]
)
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.slow
def test_a_closed_stream_is_no_trouble(words, closed, workspace):
    process = impsy(words, workspace, shell=closed)
    assert b"Traceback" not in process.stderr
    assert process.returncode == (1 if "no.keras" in words else 0)


@pytest.mark.parametrize("words", [WORDS["dataset"], "licences mido", "config check", "dataset --help", "--help"])
@pytest.mark.slow
def test_a_reader_that_goes_away_ends_a_command_in_silence(words, workspace):
    reading, writing = os.pipe()
    os.close(reading)
    process = impsy(words, workspace, stdout=writing)
    os.close(writing)
    assert process.stderr == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("words", [WORDS["dataset"], "licences mido", "config check", "dataset --help", "--help"])
@pytest.mark.slow
def test_a_full_disk_behind_the_output_is_said_in_a_sentence(words, workspace):
    with open("/dev/full", "wb") as full:
        process = impsy(words, workspace, stdout=full)
    assert process.returncode == 1
    assert process.stderr.startswith(b"Error: the system refused (No space left on device)")
    assert process.stderr.count(b"\n") == 1


@pytest.fixture
def typed(workspace, monkeypatch):
    """Types a command where both streams are of an encoding; returns the code and what was printed."""
    monkeypatch.chdir(workspace)

    def run(*words, encoding="utf-8"):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            patch.setattr(sys, "argv", ["impsy", *words])
            with pytest.raises(SystemExit) as ended:
                main()
            out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)
        return ended.value.code, out, err

    return run


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.slow
def test_every_encoding_takes_what_is_printed(typed, name, encoding):
    code, out, err = typed(*shlex.split(WORDS[name]), encoding=encoding)
    assert (code, bool(out)) == (0, True), err


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.slow
def test_every_encoding_takes_help_and_errors(typed, encoding):
    for name in COMMANDS:
        code, out, _ = typed(name, "--help", encoding=encoding)
        assert (code, "Usage:" in out) == (0, True)
    code, _, err = typed("config", "check", "♭ü🎶.toml", encoding=encoding)
    assert (code, "there is no such file" in err) == (1, True)
    code, _, err = typed("♭ü🎶", encoding=encoding)
    assert (code, "No such command" in err) == (2, True)


@given(st.text(st.characters()), st.sampled_from(ENCODINGS))
def test_any_text_is_printed_in_any_encoding(text, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        prepare_streams()
        echo(text)
        Console(file=stream, markup=False).print(Text(text))
        stream.flush()
    assert stream.buffer.getvalue().decode(encoding)


# --- control characters ----------------------------------------------------------------------------

CONTROLS = [
    *map(chr, [*range(9), *range(11, 32), *range(0x7F, 0xA0)]),
    *"\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
]
SEQUENCES = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0=\x07",
    "\x1b]8;;http://x\x1b\\",
    "\x9b31m",
    "\x1bPq\x1b\\",
    "\x1bc",
]
FORBIDDEN = re.compile("[" + "".join(map(re.escape, CONTROLS)) + "]")
evil = st.lists(st.sampled_from([*CONTROLS, *SEQUENCES]) | st.text(max_size=3), min_size=1, max_size=8).map("".join)


@given(evil)
def test_what_is_visible_holds_no_control_and_all_else(text):
    shown = visible(text)
    assert not FORBIDDEN.search(shown)
    assert visible(shown) == shown
    kept = [part for part in FORBIDDEN.split(text.replace("\r\n", "\n")) if part]
    assert all(part in shown for part in kept)


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_ordinary_text_stays_as_it_is(text):
    assert visible(text + "\n\t") == text + "\n\t"


def table(text):
    found = Table(text, title=text, caption=text)
    found.add_row(text)
    found.add_row(Text(text, "red"))
    return found


WAYS = {
    "text": lambda text: text,
    "styled text": lambda text: Text(text, "bold red"),
    "table": table,
    "panel": lambda text: Panel(Text(text), title=Text(text), subtitle=Text(text)),
}


def drawn(way, text):
    stream = io.StringIO()
    Console(
        file=stream, force_terminal=True, color_system="truecolor", markup=False, highlight=False, width=300
    ).print(WAYS[way](text))
    return stream.getvalue()


@given(evil, st.sampled_from(sorted(WAYS)))
@pytest.mark.slow
def test_whatever_rich_draws_only_rich_commands_the_terminal(text, way):
    raw = drawn(way, text)
    own = re.compile("\x1b\\[[0-9;]*m")
    assert not FORBIDDEN.search(own.sub("", raw))
    assert set(own.findall(raw)) <= set(own.findall(drawn(way, "x")))


@given(evil)
@pytest.mark.slow
def test_a_progress_bar_shows_controls_too(text):
    stream = io.StringIO()
    with Progress(console=Console(file=stream, force_terminal=False, width=200)) as bar:
        bar.add_task(text.replace("[", ""), total=1)
    assert not FORBIDDEN.search(stream.getvalue())


@given(evil)
@pytest.mark.slow
def test_log_lines_errors_and_echoes_show_controls(text):
    streams = [io.StringIO(), io.StringIO()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        with logging_to():
            logging.getLogger("impsy.io").warning("%s went away", text)
            try:
                raise ValueError(text)
            except ValueError:
                logging.getLogger("impsy.io").exception("the engine stumbled")
        echo(text)
        echo(text, err=True)
        report_error(text)
    for stream in streams:
        assert stream.getvalue()
        assert not FORBIDDEN.search(stream.getvalue())


def test_no_line_of_a_record_can_be_taken_for_another_record(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with logging_to():
        logging.getLogger("impsy.io").warning("%s went away", "x\n12:00:00.000 ERROR   the stage is on fire")
        logging.getLogger("impsy.io").warning("the next")
    first, further, following = stream.getvalue().splitlines()
    assert first.endswith("x")
    assert further == "    12:00:00.000 ERROR   the stage is on fire went away"
    assert following.endswith("the next")


EVIL = "x\x1b]0;pwn\x07\x9b31m\u202ey"


@pytest.fixture
def doors(workspace):
    """Files with such names and content."""
    quoted = EVIL.encode("unicode_escape").decode().replace("\\x", "\\u00")
    (workspace / "evil").mkdir(exist_ok=True)
    text = (workspace / "config.toml").read_text("utf-8")
    (workspace / "evil" / f"{EVIL}.toml").write_text(f'{text}\n["{quoted}"]\n"{quoted}" = 1\n', "utf-8")
    (workspace / "evil" / "value.toml").write_text(
        f'title = "{quoted}"\n[model]\ndimension = 9\nfile = "{quoted}"\n[interaction]\nmode = "{quoted}"\n', "utf-8"
    )
    (workspace / "evil" / "syntax.toml").write_text(f"{EVIL} = = 1\n", "utf-8")
    (workspace / "evil" / f"{EVIL}-9d-mdrnn.log").write_bytes((workspace / LOG).read_bytes() + EVIL.encode() + b"\n")
    (workspace / "evil" / "takes.json").write_text(
        json.dumps({"format": 1, "takes": {EVIL: {"excluded": 5}}}), "utf-8"
    )
    (workspace / "evil" / f"{EVIL}.tflite").write_bytes((workspace / STARTER_MODEL).read_bytes())
    (workspace / "evil" / f"{EVIL}.mid").write_bytes((workspace / "tune.mid").read_bytes()[:-9])
    return workspace


@pytest.mark.skipif(sys.platform == "win32", reason="its file names cannot hold such characters")
@pytest.mark.parametrize(
    "words",
    [
        ["config", "check", f"evil/{EVIL}.toml"],
        ["config", "check", "evil/value.toml"],
        ["config", "check", "evil/syntax.toml"],
        ["run", "-c", "evil/value.toml"],
        ["ports", "-c", f"evil/{EVIL}.toml"],
        ["doctor", "-c", f"evil/{EVIL}.toml"],
        ["dataset", "-S", "evil"],
        ["dataset", "-S", EVIL],
        ["dataset", "--show", EVIL],
        ["replay", f"evil/{EVIL}-9d-mdrnn.log", "-o", f"evil/{EVIL}.again"],
        ["export-midi", f"evil/{EVIL}-9d-mdrnn.log", "-o", f"evil/{EVIL}.out.mid"],
        ["import-midi", f"evil/{EVIL}.mid", EVIL, "-o", "evil/logs"],
        ["model", "info", f"evil/{EVIL}.tflite"],
        ["model", "info", EVIL],
        ["test-mdrnn", f"evil/{EVIL}.tflite", "-n", "3"],
        ["convert-tflite", "-m", f"evil/{EVIL}.tflite", "-o", f"evil/{EVIL}.2.tflite"],
        ["evaluate", EVIL, EVIL],
        ["train", EVIL],
        ["licences", EVIL],
        ["completion", EVIL],
        ["conformance", EVIL],
        ["run", EVIL],
        ["init", f"evil/{EVIL}"],
        [EVIL],
        ["run", f"--{EVIL}"],
        ["run", "--mode", EVIL],
    ],
    ids=lambda words: " ".join(words).encode("unicode_escape").decode(),
)
@pytest.mark.slow
def test_no_door_lets_control_characters_through(typed, doors, words):
    code, out, err = typed(*words)
    assert code in (0, 1, 2)
    assert not FORBIDDEN.search(out + err)
    assert "Traceback" not in err


def test_commands_print_by_the_two_modules_that_show_controls():
    for path in (SOURCE / "impsy" / "cli").glob("*.py"):
        text = path.read_text("utf-8")
        if path.name not in {"terminal.py", "console.py"}:
            assert not re.search(
                r"click\.(echo|secho)\(|(?<![\w.])print\(|rich\.console import.*\bConsole\b", text
            ), path
            for found in re.finditer(r"\b(?:Progress|Live)\(", text):
                assert "console=" in text[found.end() : found.end() + 400], path
