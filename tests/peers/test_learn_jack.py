"""``impsy map``, ``monitor``, ``ports`` and ``doctor`` with real MIDI devices under JACK."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest
from jack_stage import Device

from impsy.config import load_config
from impsy.mapping.entries import ControlChange, ControlChange14, NoteOn, PitchBend, ProgramChange
from waiting import PATIENCE, wait_until

pytestmark = [pytest.mark.peer("jackd", "jack_connect"), pytest.mark.usefixtures("jack_alone")]

CONFIG = """\
# a workspace of mine
[model]
dimension = 4 # three controls
[webui] # as it was
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def knobs(jack):
    device = Device(jack, "KNOBS")
    yield device
    if device.process.poll() is None:
        device.end()


def sweep(status: int, controller: int | None = None, start: int = 0, stop: int = 120) -> list[str]:
    """A control that is moved, as messages in hex."""
    head = [status] if controller is None else [status, controller]
    return [bytes([*head, value]).hex() for value in range(start, stop, 5)]


class Command:
    """An ``impsy`` command on a terminal of its own."""

    def __init__(self, jack, folder, *arguments: object) -> None:
        self._main, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "impsy", *map(str, arguments)],
            cwd=folder,
            stdin=other,
            stdout=other,
            stderr=other,
            env={**jack.environment, "NO_COLOR": "1", "COLUMNS": "120", "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(other)
        self.text = ""
        self._seen = 0

    def expect(self, words: str, seconds: float = PATIENCE) -> None:
        """Wait until it says these words, after those that were waited for before."""
        end = time.monotonic() + seconds
        while words not in self.text[self._seen :]:
            assert time.monotonic() < end, f"“{words}” did not come: {self.text}"
            assert self._read(0.1) or self.process.poll() is None, f"“{words}” did not come: {self.text}"
        self._seen = self.text.index(words, self._seen) + len(words)

    def type(self, keys: str) -> None:
        os.write(self._main, keys.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        code = self.process.wait(15)
        while self._read(0.1):
            pass
        os.close(self._main)
        assert "Traceback" not in self.text
        return code

    def _read(self, seconds: float) -> bool:
        if not select.select([self._main], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self._main, 65536)
        except OSError:  # its end is closed
            return False
        self.text += read.decode(errors="replace")
        return bool(read)


def once(jack, folder, *arguments: object, code: int = 0) -> str:
    """Run a command to its end; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "impsy", *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={**jack.environment, "NO_COLOR": "1"},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_controls_are_called_by_their_names(jack, knobs, workspace):
    config = workspace / "config.toml"
    config.write_text(config.read_text() + '\n[[controls]]\nname = "cutoff"\n')
    command = Command(jack, workspace, "map", "--controls", "2", "--set-dimension")
    command.expect("Move control 1 (cutoff)")
    knobs.play(*sweep(0xB0, 74))
    command.expect("x_1 (cutoff) is control change, channel 1, controller 74")
    command.expect("Move control 2")
    command.type("\n")
    command.expect("x_2 is left out")
    assert command.end() == 0


def test_a_device_is_learnt_control_by_control(jack, knobs, workspace):
    command = Command(jack, workspace, "learn", "--controls", "5", "--set-dimension")
    command.expect("Move control 1")
    knobs.play("f8", "b04a40", *sweep(0xB0, 74), "f8")
    command.expect("x_1 is control change, channel 1, controller 74, at KNOBS plays:KNOBS")
    command.expect("Move control 2")
    knobs.play("903c64", "803c00")
    command.expect("x_2 is note on, channel 1")
    knobs.play(*(f"b103{value >> 7:02x},b123{value & 127:02x}" for value in range(0, 16000, 700)))
    command.expect("x_3 is control change 14, channel 2, controller 3")
    time.sleep(1.2)
    knobs.play(*sweep(0xB0, 74))
    command.expect("That is x_1 (control change, channel 1, controller 74) already: use it for x_4 too?")
    command.type("n\n")
    command.expect("Move control 4")
    knobs.play(*sweep(0xEF, 0))
    command.expect("x_4 is pitch bend, channel 16")
    command.type("\n")
    command.expect("x_5 is left out")
    command.expect('midi.input."KNOBS plays" now')
    assert command.end() == 0
    config = load_config(workspace / "config.toml").config
    mapping = config.midi.input["KNOBS plays"]
    assert mapping[:4] == (ControlChange(1, 74), NoteOn(1), ControlChange14(2, 3), PitchBend(16))
    assert config.midi.in_device == ("KNOBS plays",)
    assert config.model.dimension == 6
    text = (workspace / "config.toml").read_text()
    assert all(comment in text for comment in ("# a workspace of mine", "# three controls", "# as it was"))
    assert (workspace / "config.toml.bak").read_text() == CONFIG


def test_an_output_is_learnt_from_the_synth_s_own_knobs(jack, knobs, workspace):
    command = Command(jack, workspace, "learn", "knobs", "--output", "--yes")
    for number in (1, 2, 3):
        command.expect(f"Move control {number}")
        knobs.play(*sweep(0xB2, 10 + number))
    assert command.end() == 0
    config = load_config(workspace / "config.toml").config
    assert config.midi.out_device == ("knobs",)
    assert config.midi.output["knobs"] == tuple(ControlChange(3, 10 + number) for number in (1, 2, 3))
    assert not config.midi.in_device


def test_a_configuration_of_an_earlier_form_takes_what_was_learnt(jack, knobs, workspace):
    entries = ", ".join(f'["control_change", 1, {number}]' for number in (1, 2, 3))
    before = CONFIG.replace("# a workspace", "log = true # a workspace")
    before += f'[midi]\nin_device = "KNOBS" # the box\ninput = [{entries}] # all of it\n'
    (workspace / "config.toml").write_text(before)
    command = Command(jack, workspace, "learn", "KNOBS", "--yes")
    for number in (1, 2, 3):
        command.expect(f"Move control {number}")
        knobs.play(*sweep(0xB2, 10 + number))
    assert command.end() == 0
    assert "in the present one now" in command.text
    loaded = load_config(workspace / "config.toml")
    assert loaded.config.midi.in_device == ("KNOBS",)
    assert loaded.config.midi.input == {"KNOBS": tuple(ControlChange(3, 10 + number) for number in (1, 2, 3))}
    assert loaded.understood == ()
    text = (workspace / "config.toml").read_text()
    assert all(comment in text for comment in ("# a workspace of mine", "# the box", "# all of it"))
    assert (workspace / "config.toml.bak").read_text() == before


@pytest.mark.parametrize(("arguments", "answer"), [((), "y\n"), (("--yes",), None)])
def test_ctrl_c_keeps_what_was_learnt(jack, knobs, workspace, arguments, answer):
    command = Command(jack, workspace, "learn", "KNOBS", *arguments)
    command.expect("Move control 1")
    knobs.play(*sweep(0xB0, 7))
    command.expect("Move control 2")
    command.interrupt()
    if answer:
        command.expect("Keep what was assigned (1 of 3 controls)?")
        command.type(answer)
    assert command.end() == 0
    assert "a stand-in" in command.text
    mapping = load_config(workspace / "config.toml").config.midi.input["KNOBS"]
    assert mapping[0] == ControlChange(1, 7)
    assert len(set(mapping)) == 3


@pytest.mark.parametrize("learnt", [False, True])
def test_ctrl_c_and_no_change_nothing(jack, knobs, workspace, learnt):
    command = Command(jack, workspace, "learn")
    command.expect("Move control 1")
    if learnt:
        knobs.play(*sweep(0xB0, 7))
        command.expect("Move control 2")
    command.interrupt()
    if learnt:
        command.expect("[y/N]")
        command.type("\n")
    command.expect("Nothing was changed.")
    assert command.end() == 130
    assert (workspace / "config.toml").read_text() == CONFIG
    assert not (workspace / "config.toml.bak").exists()


def test_going_back_and_another_device(jack, knobs, workspace):
    other = Device(jack, "OTHER")
    command = Command(jack, workspace, "learn")
    command.expect("Move control 1")
    knobs.play(*sweep(0xB0, 7))
    command.expect("x_1 is control change, channel 1, controller 7, at KNOBS")
    other.play(*sweep(0xB0, 9))
    command.expect("OTHER plays:OTHER is another device")
    command.type("b\n")
    command.expect("Move control 1")
    other.play(*sweep(0xB0, 9, 120, 125), *sweep(0xB0, 9))
    command.expect("x_1 is control change, channel 1, controller 9, at OTHER")
    command.type("q\n")
    command.expect("Keep what was assigned")
    command.type("y\n")
    assert command.end() == 0
    assert load_config(workspace / "config.toml").config.midi.in_device == ("OTHER plays",)
    other.end()


def test_a_device_that_is_pulled_out_while_learning_says_so(jack, workspace):
    device = Device(jack, "LOOSE")
    command = Command(jack, workspace, "learn", "LOOSE")
    command.expect("Move control 1")
    device.kill()
    command.expect("LOOSE")
    assert command.end() == 1
    assert (workspace / "config.toml").read_text() == CONFIG


KNOWN = """\
[midi]
in_device = ["knobs"] # the old name
input."knobs" = [["note_on", 1]]
"""


def test_a_device_that_the_config_has_keeps_its_name(jack, knobs, workspace):
    (workspace / "config.toml").write_text(CONFIG.replace("= 4", "= 2") + KNOWN)
    command = Command(jack, workspace, "learn", "--controls", "2", "--set-dimension")
    for number in (1, 2):
        command.expect(f"Move control {number}")
        knobs.play(*sweep(0xB0, number))
    assert command.end() == 0
    midi = load_config(workspace / "config.toml").config.midi
    assert midi.in_device == ("knobs",)
    assert dict(midi.input) == {"knobs": (ControlChange(1, 1), ControlChange(1, 2))}
    assert "# the old name" in (workspace / "config.toml").read_text()


def test_what_cannot_be_written_is_shown(jack, knobs, workspace):
    command = Command(jack, workspace, "learn", "KNOBS", "--controls", "3")
    for number in (1, 2, 3):
        command.expect(f"Move control {number}")
        if number == 3:
            (workspace / "config.toml").write_text(CONFIG + "# changed meanwhile\n")
        knobs.play(*sweep(0xB0, number))
    command.expect('["control_change", 1, 3],')
    command.expect("was changed by someone else")
    assert command.end() == 1
    assert (workspace / "config.toml").read_text() == CONFIG + "# changed meanwhile\n"


def test_a_virtual_port_lets_programs_be_learnt(jack, workspace):
    command = Command(jack, workspace, "learn", "virtual:Pads", "--controls", "3")
    command.expect("Assigning 3 controls from Pads.")
    program = Device(jack, "PROGRAM")
    subprocess.run(["jack_connect", "PROGRAM plays:PROGRAM", "IMPSY Pads in:Pads"], env=jack.environment, check=True)
    for number in (1, 2, 3):
        command.expect(f"Move control {number}")
        program.play(*sweep(0xB0, number))
    assert command.end() == 0
    assert load_config(workspace / "config.toml").config.midi.in_device == ("virtual:Pads",)
    program.end()


def test_what_was_learnt_of_a_device_that_is_pulled_out_can_be_kept(jack, workspace):
    device = Device(jack, "LOOSE")
    command = Command(jack, workspace, "learn", "LOOSE")
    command.expect("Move control 1")
    device.play(*sweep(0xB0, 7))
    command.expect("Move control 2")
    device.kill()
    command.expect("It went away: LOOSE plays:LOOSE")
    command.expect("Keep what was assigned (1 of 3 controls)?")
    command.type("y\n")
    assert command.end() == 0
    assert load_config(workspace / "config.toml").config.midi.input["LOOSE"][0] == ControlChange(1, 7)


def test_learning_without_a_keyboard_asks_nothing(jack, knobs, workspace):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "impsy", "learn", "KNOBS"],
        cwd=workspace,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=jack.environment,
    )
    lines = []
    while not lines or "Move control" not in lines[-1]:
        lines.append(process.stdout.readline())
    for controller in (7, 8, 9):
        knobs.play(*sweep(0xB0, controller))
        while f"controller {controller}" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1]
    process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == 0
    mapping = load_config(workspace / "config.toml").config.midi.input["KNOBS"]
    assert mapping == (ControlChange(1, 7), ControlChange(1, 8), ControlChange(1, 9))


MIDI = """\
[midi]
api = "JACK"
in_device = ["knobs", "absent"]
out_device = ["KNOBS hears"]
input."knobs" = [["control_change", 1, 7], ["note_on", 2], ["pitch_bend", 3]]
output."KNOBS hears" = [["control_change", 1, 7], ["note_on", 2], ["pitch_bend", 3]]
"""


def test_ports_and_doctor_tell_which_device_is_meant(jack, knobs, workspace):
    (workspace / "config.toml").write_text(CONFIG + MIDI)
    text = once(jack, workspace, "ports")
    assert "  KNOBS plays:KNOBS  ← “knobs”" in text
    assert "MIDI input “absent”: “absent” is in the name of no MIDI input" in text
    report = json.loads(once(jack, workspace, "ports", "--json"))
    assert report["midi"]["system"] == "JACK"
    assert [wanted["found"] for wanted in report["wanted"]] == ["KNOBS plays:KNOBS", "", "KNOBS hears:KNOBS"]
    findings = json.loads(once(jack, workspace, "doctor", "--json"))["findings"]
    ports = {finding["text"]: finding for finding in findings if finding["check"] == "ports"}
    assert ports["midi.in_device[0]: “knobs” is KNOBS plays:KNOBS"]["level"] == "ok"
    (absent,) = [finding for text, finding in ports.items() if "absent" in text]
    assert absent["level"] == "warning"
    knobs.end()
    assert "nothing can be played" in once(jack, workspace, "doctor", code=1)


def test_monitor_shows_messages_and_what_they_mean(jack, knobs, workspace):
    (workspace / "config.toml").write_text(CONFIG + MIDI)
    command = Command(jack, workspace, "monitor")
    command.expect("midi in knobs is connected to KNOBS plays:KNOBS")
    knobs.play("b0077f", "b00840", "913c64", "813c00", "e20040", "b00700", "f8")
    command.expect("midi in knobs        x_1 1.0000  [b0 07 7f]  channel 1: control change, controller 7, value 127")
    command.expect("ignored  [b0 08 40]  channel 1: control change, controller 8, value 64")
    command.expect("(controller 8 is not mapped on channel 1 (mapped: 7))")
    command.expect("x_2 0.4724  [91 3c 64]  channel 2: note on, note 60 (C4), velocity 100")
    command.expect("(it ends a note, and only beginnings play)")
    command.expect("x_3 0.5000  [e2 00 40]  channel 3: pitch bend, value 8192")
    command.expect("x_1 0.0000")
    command.interrupt()
    command.expect("What was heard")
    assert command.end() == 0
    assert "ignored 1 at midi in knobs: controller 8 is not mapped on channel 1 (mapped: 7)" in command.text
    assert "clock" not in command.text
    assert knobs.heard == []


def test_monitor_takes_a_device_up_again(jack, workspace):
    (workspace / "config.toml").write_text(CONFIG + MIDI)
    first = Device(jack, "KNOBS")
    command = Command(jack, workspace, "monitor", "--seconds", "600")
    command.expect("midi in knobs is connected")
    first.kill()
    command.expect("midi in knobs: there is no MIDI input")
    second = Device(jack, "KNOBS")
    command.expect("midi in knobs is again connected")
    second.play("b0077f")
    command.expect("x_1 1.0000")
    command.interrupt()
    assert command.end() == 0
    wait_until(lambda: second.end() == 0)


COMMANDS = """\
[midi]
in_device = ["KNOBS"]
[scenes."verse"]
mode = "battle"
[commands] # of the box
panic = ["control_change", 1, 99] # in need
reset = ["note_on", 10, 40, "KNOBS"]
"""


def test_commands_are_assigned_by_pressing_and_turning(jack, knobs, workspace):
    (workspace / "config.toml").write_text(CONFIG + COMMANDS)
    command = Command(jack, workspace, "map", "--commands")
    command.expect("Press a button for pause")
    knobs.play("b0637f", "b06300")
    command.expect("That is panic already: use it for pause instead?")
    command.type("n\n")
    command.expect("Press a button for pause")
    knobs.play("99247f", "892400")
    command.expect("pause is note on, channel 10, note C2, at KNOBS")
    command.expect("Press a button for learn")
    command.type("\n")
    command.expect("Press a button for panic, Panic (now control change, channel 1, controller 99)")
    command.type("\n")
    command.expect("Press a button for another")
    command.type("\n")
    command.expect("Press a button for reset")
    command.type("-\n")
    command.expect("reset has no control any more")
    command.type("scene.verse\n")
    command.expect("Press a button for scene.verse")
    knobs.play("c005")
    command.expect("scene.verse is program change, channel 1, 5, at KNOBS")
    command.type("sigmatemp\n")
    command.expect("Turn a knob for sigmatemp")
    knobs.play("99257f", "892500")
    command.expect("cannot be turned")
    knobs.play(*sweep(0xB0, 21))
    command.expect("sigmatemp is control change, channel 1, controller 21, at KNOBS")
    command.type("nothing\n")
    command.expect("There is no command “nothing”")
    command.type("q\n")
    command.expect("has them in [commands] now")
    assert command.end() == 0
    text = (workspace / "config.toml").read_text()
    assert all(comment in text for comment in ("# a workspace of mine", "# of the box", "# in need"))
    commands = load_config(workspace / "config.toml").config.commands
    assert {name: (entry.entry, entry.number, entry.port) for name, entry in commands.items()} == {
        "panic": (ControlChange(1, 99), None, ""),
        "pause": (NoteOn(10), 36, "KNOBS"),
        "scene.verse": (ProgramChange(1), 5, "KNOBS"),
        "sigmatemp": (ControlChange(1, 21), None, "KNOBS"),
    }


def test_commands_that_were_not_assigned_change_nothing(jack, knobs, workspace):
    command = Command(jack, workspace, "map", "--commands")
    command.expect("Press a button for pause")
    command.interrupt()
    command.expect("Nothing was changed.")
    assert command.end() == 130
    assert (workspace / "config.toml").read_text() == CONFIG
    told = subprocess.run(
        [sys.executable, "-m", "impsy", "map", "--commands", "--output"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "leave --output" in told.stderr


def test_monitor_names_the_commands(jack, knobs, workspace):
    (workspace / "config.toml").write_text(CONFIG + COMMANDS)
    command = Command(jack, workspace, "monitor")
    command.expect("midi in KNOBS is connected")
    knobs.play("99287f", "b0637f")
    command.expect("commands reset  [99 28 7f]")
    command.expect("commands panic  [b0 63 7f]")
    command.interrupt()
    assert command.end() == 0
    assert knobs.heard == []
