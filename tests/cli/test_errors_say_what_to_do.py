"""Whatever is asked wrongly, the answer says what is wrong, where, and what to do; and nothing is lost."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import pytest

from impsy.cli.main import COMMANDS, group, main
from impsy.config.workspace import STARTER_MODEL, create_workspace
from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import refusal

LOG = "logs/2026-09-26T10-00-00-9d-mdrnn.log"
DATASET = "datasets/training-dataset-9d.npz"
OF_5 = "datasets/of-5.npz"
MODEL_FILE = "name a .tflite, .keras or .h5 file, such as `impsy train` makes"
AGAIN_MODEL = "get it again, or train a model with `impsy train`"
AGAIN_DATASET = "get it again, or make it again from the logs with “impsy dataset”"
RECIPE = "give a file that `impsy search` wrote, or the .json beside a trained model"
NO_CONFIG = "there is no such file. `impsy init` writes one to start from"
TRY = "Try 'impsy {} --help' for help."


class Case(NamedTuple):
    """``words``: what is typed after ``impsy``. ``names``: the culprit. ``do``: what the user is told to do."""

    words: str
    names: str
    do: str
    code: int = 1


def usage(words: str, names: str, command: str = "") -> Case:
    """What click refuses by itself."""
    return Case(words, names, TRY.format(command or words.split()[0]), 2)


CASES = [
    # --- start here
    usage("demo --port 70000", "--port"),
    usage("demo --mode solo", "--mode"),
    usage("demo --seconds 0", "--seconds"),
    usage("demo encore", "encore"),
    usage("demo --workdir config.toml", "--workdir"),
    Case("demo --workdir config.toml", "'config.toml' is a file.", "Name a folder.", 2),
    Case("demo --port {busy}", "127.0.0.1 port {busy}", "choose another port: --port"),
    Case("demo --workdir config.toml/here", "config.toml/here", "choose another folder with --workdir"),
    Case("demo --terminal --workdir here", "--workdir", "leave it out, or --workdir"),
    Case("demo --terminal --port 4000", "--port", "leave it out, or --port"),
    usage("webui --port x", "--port"),
    usage("workshop --number 0", "--number"),
    usage("workshop --port 70000", "--port"),
    Case("webui --workdir nowhere", "--workdir nowhere", "Make it, or correct the name"),
    Case("webui -c ../other.toml", "-c ../other.toml", "name its folder with --workdir"),
    Case("webui -c logs", "-c logs", "name a file in the workspace, such as config.toml"),
    Case("webui --port {busy}", "127.0.0.1 port {busy}", "open http://127.0.0.1:{busy}/ in a browser"),
    Case("webui --host 192.0.2.1", "192.0.2.1", "--host 0.0.0.0 listens on all that it has"),
    Case("webui --host no.invalid", "“no.invalid”", "correct the name, or give its address in numbers"),
    Case("webui --allow-host 'a b'", "--allow-host 'a b'", "such as impsy.example.org"),
    Case("webui --check --port {free}", "127.0.0.1 port {free}", "Start it, or name its --host and --port"),
    # --- 1 Configure
    Case("init", "config.toml exists already", "With -f it is replaced"),
    Case("init config.toml/here", "config.toml/here", "choose another folder, as in `impsy init my-instrument`"),
    usage("init here there", "there"),
    usage("init config.toml", "config.toml"),
    Case("config", "Commands:", "impsy config check ", 2),
    usage("config chekc", "chekc", "config"),
    Case("config check nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("config upgrade nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("config upgrade bad/mode.toml", "line 4: interaction.mode", "wanted one of callresponse, polyphony, battle"),
    Case("config check logs", "logs is a folder", "Did you mean logs/config.toml?"),
    Case("config check bad/bytes.toml", "bad/bytes.toml, line 1", "Save the file with the encoding UTF-8"),
    Case("config check bad/syntax.toml", "bad/syntax.toml, line 1", "A value is missing after ="),
    Case("config check bad/empty.toml", "bad/empty.toml: model", "wanted a section that starts with [model]"),
    Case("config check bad/mode.toml", "line 4: interaction.mode", "wanted one of callresponse, polyphony, battle"),
    Case("config check bad/sizes.toml", 'midi.input."Knobs"', "wanted 8, one for each value of dimension 9"),
    Case("config check bad/keys.toml", "model.dimesion", "Did you mean dimension?"),
    Case("ports -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("ports -c bad/mode.toml", "interaction.mode", "wanted one of callresponse"),
    usage("ports -c logs", "logs"),
    Case("map -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("map -c bad/syntax.toml", "bad/syntax.toml", "A value is missing after ="),
    Case("map --controls 4", "[model] dimension means 8 controls", "Add --set-dimension to make it 5"),
    usage("map --controls 0", "--controls"),
    Case("monitor -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("monitor -c bad/deaf.toml", "bad/deaf.toml turns no input on", "add a section such as [osc] or [midi]"),
    usage("monitor --seconds -1", "--seconds"),
    Case("doctor -c nowhere.toml", "nowhere.toml", "`impsy init` writes one to start from"),
    Case("doctor -c bad/cut.toml", "cut.tflite", "Name another file in [model] file, or none"),
    # --- 2 Record, 4 Perform
    Case("run -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    usage("run -c logs", "logs"),
    Case("run -c logs", "'logs' is a directory.", "Name a file.", 2),
    usage("run --mode solo", "--mode"),
    usage("run --threshold soon", "--threshold"),
    usage("run --seed -1", "--seed"),
    usage("run logs", "logs"),
    usage(f"run -l {LOG}", "--logdir"),
    Case("run nowhere.tflite", "nowhere.tflite", "correct the name, or leave it out for the configuration's"),
    Case("run bad/text.tflite", "text.tflite", MODEL_FILE),
    Case("run bad/cut.tflite", "cut.tflite", AGAIN_MODEL),
    Case("run -c bad/model.toml", "bad/model.toml: model.file", "Correct the name, or leave it empty"),
    Case(
        "run -d 5", "dimension 9, but the configuration says 5", "choose a model of dimension 5, or set dimension = 9"
    ),
    Case("run -d 0", "--dimension", "wanted a whole number, 2 or more"),
    Case("run --threshold -1", "--threshold", "wanted a number of seconds, 0 or more"),
    Case("run --timescale 0", "--timescale", "wanted a number above 0"),
    Case("replay nowhere.log", "nowhere.log", "name a .log file of a performance"),
    Case("replay logs", "logs", "name a .log file of a performance"),
    Case("replay bad/text.log", "bad/text.log", "Give its own with -d, or name another log"),
    Case(f"replay {LOG} -d 5", LOG, "is it a log of dimension 5? Give its own with -d"),
    Case(f"replay {LOG} -o {LOG}", LOG, "name another file with --output"),
    Case(f"replay {LOG} -o config.toml/x.log", "config.toml/x.log", "name another file with --output"),
    Case(f"replay {LOG} -o x.log --realtime", "--output", "leave out one"),
    Case(f"replay {LOG} -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    usage("replay", "LOG"),
    usage(f"replay {LOG} --tail -1", "--tail"),
    usage("export", "LOG"),
    usage(f"export {LOG}", "--output"),
    Case(f"export {LOG} -o take.txt", "take.txt", "name it so with -o"),
    Case("export nowhere.log -o take.csv", "nowhere.log", "name it like 2026-09-26T10-00-00-9d-mdrnn.log"),
    usage("import-midi", "FILE"),
    usage("import-midi logs -d 1", "--dimension"),
    Case("import-midi nowhere.mid", "nowhere.mid", "name a .mid file"),
    Case("import-midi logs", "logs", "name a .mid file"),
    Case(f"import-midi {LOG}", f"{LOG}: this is no MIDI file", "there is neither a header (MThd) nor a track"),
    Case("import-midi x.mid -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("import-midi x.mid -o config.toml/here", "config.toml/here", "choose another folder with -o"),
    usage("export-midi", "LOG"),
    Case("export-page nowhere.tflite", "nowhere.tflite", "correct the name, or leave it out"),
    Case("export-page -o page.html --site pages", "--site", "give one of them"),
    Case("export-page -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("export-midi logs/nowhere-9d-mdrnn.log", "logs/nowhere-9d-mdrnn.log", "cannot be read"),
    Case(f"export-midi {LOG} {LOG} -o x.mid", "-o names one file", "leave it out, or name one log"),
    Case(f"export-midi {LOG} -o {LOG}", LOG, "name another file with -o"),
    Case(f"export-midi {LOG} -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case(f"export-midi {LOG} -d 5", LOG, "its name says dimension 9, not 5"),
    # --- 3 Learn
    Case("dataset -S nowhere", "nowhere", "give the folder that holds the logs (-S/--source)"),
    Case(f"dataset -S {LOG}", LOG, "give the folder that holds the logs (-S/--source)"),
    Case("dataset -S models", "models", "play with “impsy run” to record some, or name another folder (-S/--source)"),
    Case("dataset -D 5", "dimension 5 (but 1 of dimension 9)", "leave out -D, or give one that is there"),
    Case("dataset --exclude '*'", "--include and --exclude", f"change them to fit names such as {Path(LOG).name}"),
    Case("dataset -O config.toml", "config.toml", "choose another folder (-O on the command line)"),
    Case("dataset --show nowhere.npz", "nowhere.npz", "name a dataset; “impsy dataset” makes one of the logs"),
    Case("dataset --show logs", "logs", "name a dataset; “impsy dataset” makes one of the logs"),
    Case("dataset --show bad/cut.npz", "bad/cut.npz", AGAIN_DATASET),
    Case("dataset --show bad/other.npz", "bad/other.npz", "name another file, or make one from the logs"),
    Case("dataset --show bad/lengths.npz", "bad/lengths.npz", "make it again from the logs with “impsy dataset”"),
    Case(f"dataset --show {DATASET} -D 9", "--show", "leave out --dimension"),
    Case("train -S nowhere", "nowhere", "give a dataset, or make one with `impsy dataset`"),
    Case("train -S logs", "logs holds no such dataset", "make one with `impsy dataset`"),
    Case("train", "datasets holds several datasets", "say which, by name or with -D"),
    Case("train nowhere.npz", "nowhere.npz", "name a dataset; “impsy dataset” makes one of the logs"),
    Case(f"train {LOG}", LOG, AGAIN_DATASET),
    Case(f"train {DATASET} -D 5", DATASET, "leave out -D, or name another dataset"),
    Case("train bad/few.npz", "40 events", "Record more, then `impsy dataset` again"),
    Case(f"train {DATASET} -M xxl", "'xxl'", "--modelsize is one of xxs, xs, s, m, l, xl"),
    Case(f"train {DATASET} -N 0", "epochs (-N)", "must be 1 or more"),
    Case(f"train {DATASET} -B 0", "batch (-B)", "must be 1 or more"),
    Case(f"train {DATASET} --seed -1", "seed (--seed)", "must be 0 or more and below 4294967296"),
    Case(f"train {DATASET} --minutes 0", "--minutes", "is a time above 0"),
    Case(f"train {DATASET} --from nowhere.keras", "nowhere.keras", MODEL_FILE),
    Case(f"train {OF_5} --from {STARTER_MODEL}", "has dimension 9", "goes on with data of its own dimension"),
    Case(f"train {DATASET} --recipe nowhere.json", "nowhere.json", RECIPE),
    Case(f"train {DATASET} --recipe config.toml", "config.toml", RECIPE),
    Case(f"train {DATASET} --recipe bad/recipe.json", "bad/recipe.json", RECIPE),
    Case(f"train {DATASET} --resume -M xxs", "units16", "start one without --resume"),
    Case(f"train {DATASET} -O config.toml", "config.toml", "choose another folder (-O on the command line)"),
    Case(f"train {DATASET} --distributed", "--coordinator", "--distributed also needs"),
    Case(f"train {DATASET} --index 1", "--index", "go with --distributed: add it, or leave them out"),
    Case("train --patience 3 --no-earlystopping -D 9", "--patience", "give one of them"),
    Case(f"evaluate {STARTER_MODEL} nowhere.npz", "nowhere.npz", "“impsy dataset” makes one of the logs"),
    Case(f"evaluate nowhere.tflite {DATASET}", "nowhere.tflite", MODEL_FILE),
    Case(f"evaluate models {DATASET}", "models: this is a folder", "give the .tflite, .keras or .h5 file in it"),
    Case(f"evaluate {STARTER_MODEL} {OF_5}", "dimension 9, but the dataset has 5", "of the instrument that it was"),
    Case(f"evaluate {STARTER_MODEL} {DATASET} --against bad/cut.tflite", "bad/cut.tflite", AGAIN_MODEL),
    Case(f"evaluate {STARTER_MODEL} {DATASET} --report {DATASET}", DATASET, "name another file with --report"),
    Case(
        f"evaluate {STARTER_MODEL} {DATASET} --report config.toml/x", "config.toml", "name another file with --report"
    ),
    usage(f"evaluate {STARTER_MODEL}", "DATASET"),
    usage(f"evaluate {STARTER_MODEL} {DATASET} --fraction 2", "--fraction"),
    Case("search -S nowhere", "nowhere", "give a dataset, or make one with `impsy dataset`"),
    Case(f"search {DATASET} -D 5", DATASET, "leave out -D, or name another dataset"),
    Case(f"search {DATASET} --trials 0", "--trials", "1 or more"),
    Case(f"search {DATASET} -N 0", "epochs (-N)", "must be 1 or more"),
    Case(f"search {DATASET} --seed -1", "seed (--seed)", "must be 0 or more"),
    Case(f"search {DATASET} -N 5 --trial-minutes 1", "--trial-minutes", "give one of them"),
    Case(f"search {DATASET} --keep pitch", "'pitch'", "--keep is one of learning_rate"),
    Case(f"search {DATASET} --study a/b", "'a/b'", "--study is a name of letters, digits"),
    Case(
        f"search {DATASET} --storage disk",
        "--storage is an address",
        "like sqlite:///search.db or postgresql://user:password@host/name: correct it",
    ),
    Case(f"search {DATASET} --storage sqlite:///no/x.db", "no/x.db", "give another --storage"),
    Case(f"search {DATASET} -O config.toml", "config.toml", "choose another folder (-O on the command line)"),
    Case("search --show --study gone", "'gone'", "start one with `impsy search`"),
    # --- Models
    Case("model info nowhere.tflite", "nowhere.tflite", MODEL_FILE),
    Case("model info models", "models: this is a folder", "give the .tflite, .keras or .h5 file in it"),
    Case("model info bad/cut.tflite", "bad/cut.tflite", AGAIN_MODEL),
    Case("model info bad/empty.toml", "the file is empty", MODEL_FILE),
    Case(f"model info {DATASET}", DATASET, AGAIN_MODEL),
    Case("model info bad/page.keras", "it is a web page", "download the file itself"),
    usage("model info", "FILE", "model info"),
    Case("model", "Commands:", "impsy model info ", 2),
    Case("convert-tflite -m nowhere.h5", "nowhere.h5", MODEL_FILE),
    Case(
        f"convert-tflite -m {STARTER_MODEL}", "would replace the model itself", "choose another folder with --out_dir"
    ),
    Case(f"convert-tflite -m {STARTER_MODEL} -d 5 -o new", "dimension 9, not 5", "leave out -d"),
    Case(f"convert-tflite -m {STARTER_MODEL} -s xl -o new", "size xs, not xl", "leave out -s"),
    Case(f"convert-tflite -m {STARTER_MODEL} -o config.toml", "config.toml", "choose another folder"),
    Case("convert-tflite", "would replace the model itself", "choose another folder with --out_dir"),
    Case("convert-tflite -c nowhere.toml", "nowhere.toml", NO_CONFIG),
    Case("test-mdrnn nowhere.tflite", "nowhere.tflite", MODEL_FILE),
    Case("test-mdrnn bad/text.tflite", "bad/text.tflite", MODEL_FILE),
    Case(f"test-mdrnn {STARTER_MODEL} -d 5", "dimension 9", "leave out -d and -s"),
    usage("test-mdrnn -n 0", "--steps"),
    # --- Tools
    usage("completion tcsh", "'tcsh'"),
    usage("completion bash zsh", "zsh"),
    Case("licences nobody", "nobody", "`impsy licences` lists them"),
    usage("licences a b", "b"),
    Case("conformance nowhere", "nowhere", "give the one that holds the vector files"),
    Case("conformance logs", "logs", "give the one that holds them"),
    Case("conformance bad/recipe.json", "bad/recipe.json", "that `impsy conformance --help` names"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a log, datasets, and a folder of files that are wrong."""
    folder = tmp_path_factory.mktemp("made") / "workspace"
    create_workspace(folder)
    rng = np.random.default_rng(1)
    time, rows = datetime(2026, 9, 26, 10), []
    for values in rng.random((300, 8)):
        time += timedelta(seconds=0.1)
        rows.append(f"{time.isoformat()},interface,{','.join(f'{value:.4f}' for value in values)}\n")
    (folder / LOG).write_text("".join(rows))
    for name, dimension in ((DATASET, 9), (OF_5, 5)):
        write_dataset(folder / name, Dataset.of(dimension, [rng.random((300, dimension), np.float32)]))
    bad = folder / "bad"
    bad.mkdir()
    config = '[model]\ndimension = 9\n[interaction]\nmode = "useronly"\n'
    knobs = '[midi]\nin_device = ["Knobs"]\ninput."Knobs" = [["control_change", 1, 1]]\n'
    files = {
        "bytes.toml": b"\xff\xfe\x00",
        "syntax.toml": b"title =\n",
        "empty.toml": b"",
        "mode.toml": config.replace("useronly", "solo").encode(),
        "sizes.toml": (config + knobs).encode(),
        "keys.toml": config.replace("dimension", "dimesion").encode(),
        "deaf.toml": config.encode(),
        "cut.toml": config.replace("= 9", '= 9\nfile = "cut.tflite"').encode(),
        "model.toml": config.replace("= 9", '= 9\nfile = "gone.tflite"').encode(),
        "text.tflite": b"hello",
        "page.keras": b"<!doctype html>",
        "cut.tflite": (folder / STARTER_MODEL).read_bytes()[:9000],
        "cut.npz": (folder / DATASET).read_bytes()[:900],
        "text.log": b"hello\n",
        "recipe.json": b'{"a": 1}',
    }
    for name, content in files.items():
        (bad / name).write_bytes(content)
    write_dataset(bad / "few.npz", Dataset.of(9, [rng.random((40, 9), np.float32)]))
    np.savez(bad / "other.npz", a=np.zeros(3))
    np.savez(bad / "lengths.npz", events=np.zeros((3, 2), np.float32), lengths=np.array([7]))
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """A TCP port that is taken, and one that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as busy, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield {"busy": busy.getsockname()[1], "free": free.getsockname()[1]}


def contents(folder: Path) -> dict[Path, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
@pytest.mark.slow
def test_an_error_names_the_culprit_and_says_what_to_do(
    case: Case,
    workspace: Path,
    ports: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = contents(workspace)
    monkeypatch.setattr(sys, "argv", ["impsy", *shlex.split(case.words.format(**ports))])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    told = (out + err).replace(os.sep, "/")
    assert ended.value.code == case.code, told
    assert "Traceback" not in told
    assert case.names.format(**ports) in told
    assert case.do.format(**ports) in told
    after = contents(workspace)
    assert {path: after.get(path) for path in before} == before


def test_an_unknown_midi_system_is_named_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told_of_midi: Callable[[str], str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["impsy", "ports", "--api", "Hammond"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().out
    assert ended.value.code == 1
    assert told_of_midi("“Hammond”") in told
    assert told_of_midi("midi.api may be one of:") in told


def test_every_command_is_asked_wrongly_in_several_ways() -> None:
    ways = [case.words.split()[0] for case in CASES]
    assert {name for name in COMMANDS if ways.count(name) >= 2} == set(COMMANDS)


def all_commands() -> list[str]:
    found = []
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        found += [f"{name} {inner}" for inner in getattr(command, "commands", ())] + [name]
    return found


@pytest.mark.parametrize("command", ["", *all_commands()])
def test_an_unknown_option_leads_to_the_help(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["impsy", *command.split(), "--loudly"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "No such option '--loudly'" in told
    assert f"Try 'impsy {command + ' ' if command else ''}--help' for help." in told


def test_an_unknown_command_leads_to_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["impsy", "perform"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "No such command 'perform'" in told
    assert "Try 'impsy --help' for help." in told


@pytest.mark.parametrize(
    ("variables", "words", "do"),
    [
        ({"SHELL": "/bin/tcsh"}, "completion", "name one of bash, zsh, fish, as in: impsy completion bash"),
        ({"IMPSY_TOKEN": "short"}, "webui --host 0.0.0.0", "unset it, and one is made"),
    ],
)
def test_a_wrong_environment(
    variables: dict[str, str],
    words: str,
    do: str,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["impsy", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert do in capsys.readouterr().err


@pytest.mark.parametrize(
    ("packages", "words", "names", "do"),
    [
        (("keras", "jax"), f"train {DATASET}", "keras, jax", "pip install 'impsy[train]'"),
        (("optuna",), f"search {DATASET}", "Optuna", "pip install 'impsy[search]'"),
        (("rtmidi", "supriya_midi"), "learn", "no MIDI port library is installed", "pip install"),
    ],
)
def test_what_is_not_installed_is_told_with_how_to_install_it(
    packages: tuple[str, ...],
    words: str,
    names: str,
    do: str,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)  # so Python takes it for missing
    monkeypatch.setattr(sys, "argv", ["impsy", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert names in told
    assert do in told


@pytest.mark.parametrize(
    ("words", "code", "do"),
    [
        ("run -c nowhere.toml", 1, NO_CONFIG),
        ("run --modes", 2, "run --help' for help."),
        (
            "search datasets/training-dataset-9d.npz -O config.toml",
            1,
            "choose another folder (-O on the command line)",
        ),
    ],
)
@pytest.mark.slow
def test_so_it_is_told_by_the_program_itself(words: str, code: int, do: str, workspace: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "impsy", *words.split()],
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code
    assert do in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("full", [path for path in [Path("/dev/full")] if path.exists()])
@pytest.mark.slow
def test_an_output_that_cannot_be_written(full: Path) -> None:
    with full.open("w") as disk:
        done = subprocess.run(
            [sys.executable, "-m", "impsy", "licences", "--texts"],
            stdout=disk,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the system refused (No space left on device); make room on the disk, or")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PermissionError(13, "Permission denied"),
            "(Permission denied); change its owner or its permissions, or wait",
        ),
        (OSError(28, "No space left on device"), "(No space left on device); make room on the disk, or wait"),
        (FileNotFoundError(2, "No such file or directory"), "(No such file or directory); wait"),
        (OSError("the device hung up"), "(the device hung up); wait"),
    ],
)
def test_what_the_system_refuses_has_a_remedy(error: OSError, told: str) -> None:
    assert refusal(error, "wait") == told
