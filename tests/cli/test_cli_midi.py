"""MIDI files from the command line: in, out, and the same again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mido
import numpy as np
import pytest

from impsy.cli.main import main
from impsy.data.logs.performances import read_played

CONFIG = """\
[model]
dimension = 3
[midi]
in_device = ["Keys"]
out_device = ["Synth"]
input."Keys" = [["control_change", 1, 7], ["control_change", 1, 8]]
output."Synth" = [["note_on", 2], ["control_change", 2, 74]]
"""
NAME = "2026-09-26T10-00-00-3d-mdrnn.log"
ROWS = "".join(
    f"2026-09-26T10:00:{second:02d}.500000,{source},{second / 10},{1 - second / 10}\n"
    for second, source in enumerate(["interface", "interface", "rnn", "interface", "rnn"], start=1)
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / NAME).write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def impsy(folder, monkeypatch, capfd):
    """Types a command; returns the exit code and what was printed on both streams."""

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["impsy", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return ended.value.code, out, err

    return typed


def tune(path, *controllers, cut=None):
    messages = [
        mido.Message("control_change", control=number, value=value, time=480)
        for number, value in zip(controllers, range(0, 127, 10), strict=False)
    ]
    mido.MidiFile(tracks=[mido.MidiTrack(messages)]).save(path)
    if cut is not None:
        path.write_bytes(path.read_bytes()[:cut])
    return path


def imported(folder):
    return sorted(path for path in folder.glob("*.log") if path.name != NAME)


def test_a_log_goes_out_and_comes_back(folder, impsy):
    code, out, err = impsy("export-midi", f"logs/{NAME}")
    assert (code, err) == (0, "")
    assert out == f"{Path('logs', NAME).with_suffix('.mid')} written, of {Path('logs', NAME)}: 5 events\n"
    code, out, err = impsy("import-midi", Path("logs", NAME).with_suffix(".mid"))
    assert (code, err) == (0, "")
    assert out.endswith("3 events of the performer and 2 of the model\n")
    (log,) = imported(folder / "logs")
    before, after = read_played(folder / "logs" / NAME, 2), read_played(log, 2)
    np.testing.assert_array_equal(after.performer, before.performer)
    np.testing.assert_allclose(after.times, before.times, atol=1e-3)
    np.testing.assert_allclose(after.values, before.values, atol=0.5 / 127 + 1e-6)
    notes = json.loads((folder / "logs" / "takes.json").read_text())["takes"]
    assert notes[log.name] == {"title": NAME.removesuffix(".log"), "tags": ["MIDI file"]}


def test_several_files_become_a_log_each_and_what_is_wrong_is_named_at_the_end(folder, impsy):
    files = [tune(folder / f"{number}.mid", 7, 8, 7, 8) for number in range(3)]
    bad = [folder / "bad.mid", folder / "none.mid"]
    bad[0].write_bytes(b"RIFF")
    code, out, err = impsy("import-midi", files[0], bad[0], files[1], bad[1], files[2])
    assert code == 1
    assert len(out.splitlines()) == len(imported(folder / "logs")) == 3
    assert "no MIDI file" in err
    assert str(bad[1]) in err


def test_a_damaged_file_is_read_and_what_is_missing_is_said(folder, impsy):
    file = tune(folder / "cut.mid", 7, 8, 7, 8, cut=14 + 8 + 5 + 3)
    code, out, err = impsy("import-midi", file)
    assert code == 0
    assert "1 event" in out
    assert err == f"{file}: track 1 at byte 27 ends in mid event: read up to there\n"


@pytest.mark.parametrize("config", ["", CONFIG], ids=["no configuration", "one with another dimension"])
def test_without_a_mapping_of_that_many_controls_they_are_controllers(folder, impsy, config):
    (folder / "config.toml").unlink()
    if config:
        (folder / "config.toml").write_text(config)
    code, out, _ = impsy("import-midi", tune(folder / "x.mid", 20, 21, 22), "-d", 4, "-o", "new")
    assert code == 0
    assert "3 events" in out
    (log,) = imported(folder / "new")
    assert log.name.endswith("-4d-mdrnn.log")
    code, _, _ = impsy("export-midi", log, "-o", "again.mid")
    assert code == 0
    assert [m.control for m in mido.MidiFile("again.mid") if m.type == "control_change"][:1] == [20]


def test_without_a_configuration_the_dimension_is_asked_for(folder, impsy):
    (folder / "config.toml").unlink()
    code, _, err = impsy("import-midi", tune(folder / "x.mid", 20))
    assert code == 1
    assert "config.toml" in err
    other = folder / "other.log"
    (folder / "logs" / NAME).rename(other)
    code, _, err = impsy("export-midi", other)
    assert code == 1
    assert "give --dimension" in err


def test_a_file_that_is_there_is_replaced_only_if_it_is_named(folder, impsy):
    target = (folder / "logs" / NAME).with_suffix(".mid")
    target.write_text("mine")
    code, _, err = impsy("export-midi", f"logs/{NAME}")
    assert (code, target.read_text()) == (1, "mine")
    assert "name it with -o to replace it" in err
    code, _, _ = impsy("export-midi", f"logs/{NAME}", "-o", target)
    assert code == 0
    assert target.read_bytes().startswith(b"MThd")


def test_malformed_rows_are_counted_and_the_first_are_named(folder, impsy):
    with (folder / "logs" / NAME).open("a") as log:
        log.write("nonsense\n" * 7)
    code, out, err = impsy("export-midi", f"logs/{NAME}")
    assert code == 0
    assert "5 events" in out
    assert len(err.splitlines()) == 6
    assert "line 6" in err
    assert "2 more rows left out, malformed or of another source" in err
