"""The SuperCollider example plays to a real session: language, window and synthesiser, no screen, no sound card."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from jack_stage import JackProcess
from performance import performing

from waiting import if_idle, wait_until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "supercollider" / "impsy.scd"
MOVES = 12

# A hand for the example: waits for the synthesiser, plays, and measures what then comes out of it.
HAND = """
~impsyPort = %(server)d; ~answerPort = %(client)d; ~printAnswers = true;
"%(example)s".load;
~loudest = 0;
OSCdef(\\loudness, { |message| ~loudest = max(~loudest, message[3]) }, '/loudness');
fork {
	while { ~synthIsReady != true } { 0.1.wait };
	Server.default.sync;
	{
		SendReply.kr(Impulse.kr(50), '/loudness', Amplitude.kr(In.ar(0, 2)).sum);
		Silent.ar
	}.play(addAction: \\addToTail);
	Server.default.sync;
	%(moves)d.do { |step| ~play.(step %% 8, step / %(moves)d); 0.03.wait };
	"all is played".postln;
	2.wait;
	("loudest:" + ~loudest).postln;
	Server.default.quit;
	0.5.wait;
	0.exit;
};
"""


@pytest.fixture
def sound_system(jack_alone):
    """The environment of a program that plays into a JACK server of this test's own."""
    server = JackProcess("impsy-tests")
    server.start()
    # Qt draws nowhere; its browser, which SuperCollider brings along, does not start as root otherwise.
    more = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    yield {**os.environ, **server.environment, **more}
    server.end()


@pytest.mark.peer("sclang", "scsynth", "jackd")
def test_supercollider_plays_and_sounds_the_answers(tmp_path, sound_system):
    hand, output = tmp_path / "hand.scd", tmp_path / "sclang.txt"
    with performing(tmp_path / "run", dimension=9, threshold=0.3) as performance:
        places = {"server": performance.server, "client": performance.client, "example": EXAMPLE, "moves": MOVES}
        hand.write_text(HAND % places)
        with output.open("wb") as file:
            sclang = subprocess.Popen(
                ["sclang", str(hand)],
                env=sound_system,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: "loudest: " in output.read_text(errors="replace"))
            assert if_idle(performance.end()) < 1.0
        finally:
            sclang.terminate()
            sclang.wait(10)
    said = output.read_text(errors="replace")
    assert "ERROR" not in said, said
    heard = [values for _, values in performance.rows("interface")]
    expected, now = [], [0.0] * 8
    for step in range(MOVES):
        now = [*now[: step % 8], step / MOVES, *now[step % 8 + 1 :]]
        expected.append(pytest.approx(now, abs=1e-4))
    assert heard == expected
    played = [values for _, values in performance.rows("rnn")]
    answers = [list(map(float, line.split())) for line in re.findall(r"^answer: (.*)$", said, re.MULTILINE)]
    assert len(answers) >= 3
    assert answers == [pytest.approx(row, abs=1e-3) for row in played[: len(answers)]]
    assert float(re.search(r"^loudest: (\S+)$", said, re.MULTILINE)[1]) > 0.01
