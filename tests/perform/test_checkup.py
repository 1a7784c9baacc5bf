"""Looking a workspace over: every check finds what is wrong and says what to do."""

from __future__ import annotations

import socket
import sys
import types

import pytest
from numpy.random import default_rng

from impsy.models.sizes import SIZES
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import random_weights
from impsy.perform.diagnostics.checkup import CHECKS, Workspace, check_up
from ports import free_port

LOCAL = "[webui]\ncommand_port = {command}\nmonitor_port = {monitor}\n"


@pytest.fixture
def make(tmp_path):
    """Writes a config and, if asked to, a model of some dimension."""

    def make(text, model=None):
        (tmp_path / "config.toml").write_text(text + LOCAL.format(command=free_port(), monitor=free_port()))
        if model is not None:
            weights = random_weights(model, SIZES["xxs"], rng=default_rng(0))
            (tmp_path / "m.tflite").write_bytes(encode_tflite(weights))
        return tmp_path / "config.toml"

    return make


def osc():
    return f"[osc]\nserver_port = {free_port()}\n"


def findings(file, check, level=None):
    """What one check says of a workspace, as (level, text, advice)."""
    (row,) = [row for row in CHECKS if row.name == check]
    found = [(each.level, each.text, each.advice) for each in row.look(Workspace(file))]
    return [each for each in found if level is None or each[0] == level]


def test_a_workspace_in_order_has_no_problem(make):
    file = make('[model]\ndimension = 3\nfile = "m.tflite"\n' + osc(), model=3)
    found = list(check_up(file))
    assert [each for each in found if each.level == "problem"] == []
    assert {each.check for each in found} == {row.name for row in CHECKS}
    words = " ".join(each.text for each in found)
    assert "dimension 3" in words
    assert "one step takes" in words
    assert "a wait of 10 ms ends" in words
    assert sys.version.split()[0] in words


def test_every_error_of_a_config_is_told_with_what_to_do(make):
    file = make('[model]\ndimension = 1\n[osc]\nserver_port = "many"\n')
    problems = findings(file, "config", "problem")
    assert len(problems) == 2
    assert any("line 2: model.dimension" in text for _, text, _ in problems)
    assert all(advice for _, _, advice in problems)


def test_a_config_that_is_missing_or_no_toml_leaves_the_other_checks_to_do(tmp_path):
    for text in (None, "[model"):
        if text is not None:
            (tmp_path / "config.toml").write_text(text)
        found = list(check_up(tmp_path / "config.toml"))
        assert [each.check for each in found if each.level == "problem"] == ["config"]
        assert {"versions", "folders", "clock"} <= {each.check for each in found}


def test_mappings_are_compared_with_the_model_even_where_the_config_is_wrong(make):
    text = """\
[model]
dimension = 4
file = "m.tflite"
[midi]
in_device = ["A"]
input."A" = [["note_on", 1], ["note_on", 2]]
[websocket]
output = [["note_on", 1], ["note_on", 2], ["note_on", 3], ["note_on", 4]]
"""
    problems = findings(make(text, model=5), "mappings", "problem")
    assert len(problems) == 2
    assert "dimension 5" in problems[0][1]
    assert "Set it to 5" in problems[0][2]
    assert 'midi.input."A" has 2 entries' in problems[1][1]
    assert "Add 2" in problems[1][2]


def test_an_earlier_form_is_told_and_its_lists_are_compared_too(make):
    text = """\
log = true
[model]
dimension = 3
file = "m.tflite"
[midi]
in_device = "A"
input = [["note_on", 1], ["note_on", 2]]
"""
    assert any("earlier form understood" in words for _, words, _ in findings(make(text, model=3), "config", "ok"))
    assert findings(make(text, model=3), "mappings", "problem") == []
    problems = [words for _, words, _ in findings(make(text, model=4), "mappings", "problem")]
    assert any('midi.input."A" has 2 entries' in words for words in problems)


def test_a_fitting_model_is_told_too(make):
    file = make('[model]\ndimension = 3\nfile = "m.tflite"\n' + osc(), model=3)
    assert findings(file, "mappings") == [("ok", "dimension and mappings fit the model: 2 values", "")]


@pytest.mark.parametrize("name", ["gone.tflite", "config.toml"])
def test_a_model_that_cannot_be_opened_is_a_problem(make, name):
    file = make(f'[model]\ndimension = 3\nfile = "{name}"\n' + osc())
    ((level, text, advice),) = findings(file, "model")
    assert level == "problem"
    assert name in text
    assert advice


def test_no_model_is_a_warning(make):
    assert findings(make("[model]\ndimension = 3\n" + osc()), "model")[0][0] == "warning"


def test_the_only_input_taken_by_another_program_is_a_problem(make):
    text = osc()
    port = int(text.split()[-1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        file = make("[model]\ndimension = 3\n" + text)
        found = findings(file, "ports")
        (taken,) = [each for each in found if each[0] == "warning"]
        assert f"port {port}" in taken[1]
        assert "End the other program" in taken[2]
        (problem,) = [each for each in found if each[0] == "problem"]
        assert "nothing can be received" in problem[1]
        file = make('[interaction]\nmode = "battle"\n[model]\ndimension = 3\n' + text)
        assert not findings(file, "ports", "problem"), "it plays without being played to"
    assert not findings(file, "ports", "warning")


def test_a_taken_websocket_port_is_a_warning_where_something_else_is_there(make):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        mapping = 'input = [["note_on", 1]]\noutput = [["note_on", 1]]\n'
        file = make(f"[model]\ndimension = 2\n{osc()}[websocket]\nserver_port = {port}\n{mapping}")
        (warning,) = findings(file, "ports", "warning")
        assert "websocket.server_port" in warning[1]
        assert not findings(file, "ports", "problem")
    assert not findings(file, "ports", "warning")


def test_addresses_that_are_not_there(make):
    text = '[osc]\nserver_ip = "192.0.2.1"\nclient_ip = "no-such-host.invalid"\n'
    found = findings(make("[model]\ndimension = 3\n" + text), "ports")
    assert [level for level, _, _ in found].count("problem") == 2
    assert any("no-such-host.invalid" in text for _, text, _ in found)


def test_a_missing_midi_system_is_one_warning_and_a_problem_if_all_depends_on_it(make, told_of_midi):
    text = """\
[model]
dimension = 2
[midi]
api = "no such system"
in_device = ["A", "B"]
out_device = ["A"]
input."A" = [["note_on", 1]]
output."A" = [["note_on", 1]]
"""
    found = findings(make(text), "ports")
    (warning,) = [each for each in found if each[0] == "warning"]
    assert told_of_midi("no such system") in warning[1]
    assert [level for level, _, _ in found].count("problem") == 2
    assert not findings(make(text + osc()), "ports", "problem")


def test_a_missing_serial_port_says_so(make):
    found = findings(make('[model]\ndimension = 2\n[serial]\nport = "/dev/no-such-port"\n'), "ports")
    assert any("/dev/no-such-port is not there" in text for _, text, _ in found)
    assert [level for level, _, _ in found].count("problem") == 2


def test_nothing_turned_on_is_a_warning(make):
    found = findings(make("[model]\ndimension = 2\n"), "ports", "warning")
    assert [text for _, text, _ in found] == ["no input or output is turned on"]


def test_a_file_in_place_of_a_folder_cannot_be_written(make, tmp_path):
    file = make("[model]\ndimension = 2\n")
    (tmp_path / "logs").write_text("")
    ((_, text, advice),) = findings(file, "folders", "warning")
    assert f"{tmp_path / 'logs'} cannot be written" in text
    assert "what you play is not recorded" in text
    assert advice


def test_a_real_model_is_timed(shared_data, make):
    model = shared_data / "models" / "musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite"
    found = findings(make(f'[model]\ndimension = 9\nfile = "{model}"\n' + osc()), "model")
    assert [level for level, _, _ in found] == ["ok", "ok"]


def test_a_clock_by_link_wants_its_package(make, monkeypatch):
    file = make('[model]\ndimension = 3\n[clock]\nsource = "link"\n' + osc())
    monkeypatch.setitem(sys.modules, "link", None)
    found = [(text, advice) for _, text, advice in findings(file, "ports") if "Link" in text]
    assert [("pip install 'impsy[link]'" in text, bool(advice)) for text, advice in found] == [(True, True)]
    there = types.ModuleType("link")
    there.Link = object
    monkeypatch.setitem(sys.modules, "link", there)
    assert any(level == "ok" and "Ableton Link can be used" in text for level, text, _ in findings(file, "ports"))
