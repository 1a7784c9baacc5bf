"""Which port a configured name means: the order of preference, systems' ways of naming, several names."""

from __future__ import annotations

import re
import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.io.midi.portnames import Claims, Fit, assign_ports, find_ports, matching_ports

# --- as systems name them ----------------------------------------------------------------------------

ALSA = (
    "Midi Through:Midi Through Port-0 14:0",
    "X-TOUCH MINI:X-TOUCH MINI MIDI 1 24:0",
    "X-TOUCH MINI EXTRA:X-TOUCH MINI EXTRA MIDI 1 28:0",
    "S-1:S-1 MIDI 1 32:0",
    "USB Midi Cable:USB Midi Cable MIDI 1 36:0",
    "USB Midi Cable:USB Midi Cable MIDI 2 36:1",
    "USB Midi Cable:USB Midi Cable MIDI 12 36:11",
)
JACK = (
    "system:midi_capture_1",
    "system:midi_capture_10",
    "a2j:X-TOUCH MINI [20] (capture): X-TOUCH MINI MIDI 1",
    "Midi-Bridge:UM-ONE:(capture_0) UM-ONE MIDI 1",
    "synth-01:out",
    "synth:out",
    "[bold]:smile:",
)
COREMIDI = ("IAC Driver Bus 1", "IAC Driver Bus 10", "IAC Driver Bus 2", "Cafe\u0301 (Port 1)")
WINDOWS = ("2- USB MIDI 0", "USB MIDI 1", "X-TOUCH MINI 2", "MIDIIN2 (X-TOUCH MINI) 3", "loopMIDI Port 10 4")


@pytest.mark.parametrize(
    ("wanted", "ports", "fit", "found"),
    [
        ("X-TOUCH MINI", ALSA, Fit.EXACT, [1]),
        ("x-touch mini midi 1", ALSA, Fit.EXACT, [1]),
        ("X-TOUCH", ALSA, Fit.WORD, [1, 2]),
        ("X-TOU", ALSA, Fit.PART, [1, 2]),
        ("USB Midi Cable MIDI 1", ALSA, Fit.EXACT, [4]),
        ("Cable MIDI 1", ALSA, Fit.WORD, [4]),
        ("MIDI 12", ALSA, Fit.WORD, [6]),
        ("S-1", ALSA, Fit.EXACT, [3]),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 24:0", ALSA, Fit.IDENTICAL, [1]),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1", ALSA, Fit.EXACT, [1]),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0", ALSA, Fit.RENUMBERED, [1]),
        ("USB Midi Cable:USB Midi Cable MIDI 2 20:1", ALSA, Fit.RENUMBERED, [5]),
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 2 20:0", ALSA, None, []),
        ("S-2", ALSA, None, []),
        ("Midi Through Port-1", ALSA, None, []),
        ("midi_capture_1", JACK, Fit.EXACT, [0]),
        ("system:midi_capture_1", JACK, Fit.IDENTICAL, [0]),
        ("SYSTEM:midi_capture_1", JACK, Fit.EXACT, [0]),
        ("system", JACK, Fit.EXACT, [0, 1]),
        ("X-TOUCH MINI MIDI 1", JACK, Fit.EXACT, [2]),
        ("a2j:X-TOUCH MINI [28] (capture): X-TOUCH MINI MIDI 1", JACK, Fit.RENUMBERED, [2]),
        ("UM-ONE", JACK, Fit.EXACT, [3]),
        ("synth", JACK, Fit.EXACT, [5]),
        ("synth-02", JACK, Fit.RENUMBERED, [4, 5]),
        ("synth-1:out", JACK, Fit.RENUMBERED, [4, 5]),
        ("[bold]:smile:", JACK, Fit.IDENTICAL, [6]),
        ("[BOLD]", JACK, Fit.EXACT, [6]),
        ("IAC Driver Bus 1", COREMIDI, Fit.IDENTICAL, [0]),
        ("bus 1", COREMIDI, Fit.WORD, [0]),
        ("IAC Driver Bus 3", COREMIDI, None, []),
        ("Bus", COREMIDI, Fit.WORD, [0, 1, 2]),
        ("café (port 1)", COREMIDI, Fit.EXACT, [3]),
        ("CAFE", COREMIDI, None, []),
        ("USB MIDI", WINDOWS, Fit.EXACT, [1]),
        ("2- USB MIDI", WINDOWS, Fit.EXACT, [0]),
        ("3- USB MIDI 7", WINDOWS, Fit.RENUMBERED, [0, 1]),
        ("X-TOUCH MINI 5", WINDOWS, Fit.RENUMBERED, [2]),
        ("x-touch mini", WINDOWS, Fit.EXACT, [2]),
        ("loopMIDI Port 1", WINDOWS, Fit.PART, [4]),
        ("", ALSA, None, []),
        (" ", ALSA, None, []),
    ],
)
def test_names_as_systems_give_them(wanted, ports, fit, found):
    assert find_ports(wanted, ports) == (fit, [ports[at] for at in found])


# --- the order, against another statement of it ------------------------------------------------------

words = st.sampled_from(["Port", "MIDI", "X-TOUCH", "Über", "σς", "[bold]", ":smile:", "S", "1", "10", "2"])
names = st.lists(words, min_size=1, max_size=4).map(" ".join)
ports_like_alsa = st.builds("{}:{} {}:{}".format, names, names, st.integers(14, 140), st.integers(0, 12))
ports_like_jack = st.builds("{}:{}".format, names, names)
port_lists = st.one_of(
    st.lists(ports_like_alsa, max_size=6),
    st.lists(ports_like_jack, max_size=6),
    st.lists(names, max_size=6),
    st.lists(names, max_size=6).map(lambda each: [f"{name} {place}" for place, name in enumerate(each)]),
)


def alike(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def rank(wanted: str, port: str, place: int, numbered: bool) -> int | None:
    """The order again, written as the rule is spoken; regular expressions do what the code does by hand."""
    if wanted == port:
        return 0
    w, p = alike(wanted), alike(port)
    bare = re.sub(r" \d+:\d+$", "", p)
    if numbered:
        bare = p.removesuffix(f" {place}")
    pieces = bare.split(":")
    runs = [":".join(pieces[a:b]).strip() for a in range(len(pieces)) for b in range(a + 1, len(pieces) + 1)]
    if w in (p, *runs):
        return 1
    if re.search(re.escape(w) + r"(?<=\w)(?!\w)|" + re.escape(w) + r"(?<!\w)", p):
        return 2
    return 3 if w in p else None


@given(port_lists, st.data())
@pytest.mark.slow
def test_exact_comes_before_words_and_words_before_parts(ports, data):
    pieces = [port[start:end] for port in ports for start in range(3) for end in range(start + 1, len(port) + 1)]
    wanted = data.draw(st.one_of(names, st.sampled_from(pieces or ["x"])).filter(str.strip))
    wanted = data.draw(st.sampled_from([wanted, wanted.upper(), unicodedata.normalize("NFD", wanted)])).strip()
    numbered = bool(ports) and all(port.endswith(f" {place}") for place, port in enumerate(ports))
    ranks = [rank(wanted, port, place, numbered) for place, port in enumerate(ports)]
    best = min((each for each in ranks if each is not None), default=None)
    fit, found = find_ports(wanted, ports)
    if best is None:
        assert fit in (None, Fit.RENUMBERED)
    else:
        assert (fit, found) == (best, [port for each, port in zip(ranks, ports, strict=True) if each == best])


stems = st.text(string.ascii_letters + "äé [](", min_size=1, max_size=8).map(str.strip).filter(bool)
number = st.integers(0, 200)


@given(stems, number, number, st.lists(number, max_size=5))
def test_a_number_is_a_whole_number(stem, wanted, other, rest):
    ports = [f"{stem} {each}" for each in (other, *rest, wanted)] + ["unlike any"]
    assert set(matching_ports(f"{stem.upper()} {wanted}", ports)) == {f"{stem} {wanted}"}


systems = st.sampled_from(
    [
        lambda name, a, b: f"{name}:{name} MIDI 1 {a}:{b}",
        lambda name, a, _b: f"a2j:{name} [{a}] (playback): {name} MIDI 1",
        lambda name, a, _b: f"{name}-{a:02}:in",
    ]
)


@given(systems, stems, st.tuples(number, number), st.tuples(number, number))
def test_numbers_that_a_system_gives_may_change(make, name, before, after):
    configured, now = make(name, *before), make(name, *after)
    other = make(name + "er", *before)
    assert matching_ports(configured, [other, now]) == [now]
    assert find_ports(configured, [now])[0] is (Fit.IDENTICAL if configured == now else Fit.RENUMBERED)


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_any_names_at_all_are_taken(wanted, ports):
    found = matching_ports(wanted, ports)
    assert set(found) <= set(ports)
    assert wanted in matching_ports(wanted, [*ports, wanted])


# --- several names -----------------------------------------------------------------------------------


@given(st.lists(names, max_size=5, unique=True), port_lists)
@pytest.mark.slow
def test_no_two_names_mean_one_port_unless_both_name_it_exactly(configured, ports):
    ports = list(dict.fromkeys(ports))
    meant = assign_ports(configured, ports)
    assert list(meant) and set(meant) == set(configured) if configured else meant == {}
    for name, meaning in meant.items():
        best, fitting = find_ports(name, ports)
        if meaning.port is None:
            assert best is None or (meaning.taken in fitting and meaning.taken_by in configured)
            continue
        assert meaning.fit >= best
        for other, theirs in meant.items():
            if other != name and theirs.port == meaning.port:
                assert max(meaning.fit, theirs.fit) <= Fit.EXACT
    assert meant == assign_ports(configured, ports)


TWINS = ("X:X MIDI 1 20:0", "X:X MIDI 1 24:0")


@pytest.mark.parametrize(
    ("configured", "ports", "expected"),
    [
        (["Port 1", "Port 10"], ["Port 10"], {"Port 1": None, "Port 10": "Port 10"}),
        (["Port", "Port 1"], ["Port 1", "Port 2"], {"Port": "Port 2", "Port 1": "Port 1"}),
        (["X MIDI", "MIDI 1"], TWINS, {"X MIDI": TWINS[0], "MIDI 1": TWINS[1]}),
        (["X", TWINS[0]], TWINS, {"X": TWINS[1], TWINS[0]: TWINS[0]}),
        (["X", "X MIDI 1"], TWINS[:1], {"X": TWINS[0], "X MIDI 1": TWINS[0]}),
        (
            ["X:X MIDI 1 50:0", "X:X MIDI 1 60:0"],
            TWINS,
            {"X:X MIDI 1 50:0": TWINS[0], "X:X MIDI 1 60:0": TWINS[1]},
        ),
    ],
)
def test_the_better_fit_has_the_port(configured, ports, expected):
    assert {name: meaning.port for name, meaning in assign_ports(configured, ports).items()} == expected


def test_what_fits_as_well_is_named():
    meaning = assign_ports(["X"], TWINS)["X"]
    assert (meaning.port, meaning.others) == (TWINS[0], (TWINS[1],))
    assert assign_ports(["twin"], ["twin", "twin"])["twin"].others == ("twin",)


def test_a_port_that_is_open_stays_so_until_a_better_one_comes():
    claims = Claims()
    claims.plan("in", ["Port 1", "ort 1"])
    assert claims.claim("in", "Port 1", ["Port 10"]).port == "Port 10"
    lost = claims.claim("in", "ort 1", ["Port 10"])
    assert (lost.port, lost.taken, lost.taken_by) == (None, "Port 10", "Port 1")
    assert claims.better("in", "Port 1", ["Port 10", "Port 11"]) is None
    better = claims.better("in", "Port 1", ["Port 10", "Port 1"])
    assert better is not None
    assert better.port == "Port 1"
    assert claims.better("out", "Port 1", ["Port 1"]) is None
    claims.release("in", "Port 1")
    assert claims.claim("in", "ort 1", ["Port 10"]).port is None  # the first of the configuration is about to have it
    assert claims.claim("in", "ort 1", ["Port 1", "Port 10"]).port == "Port 10"


def test_whoever_names_a_port_exactly_takes_it_from_a_part_of_its_name():
    claims = Claims()
    claims.plan("in", ["Port 1"])
    claims.claim("in", "Port 1", ["Port 10"])
    claims.plan("in", ["Port 1", "Port 10"])
    assert claims.claim("in", "Port 10", ["Port 10"]).port == "Port 10"
    better = claims.better("in", "Port 1", ["Port 10"])
    assert better is not None
    assert (better.port, better.taken_by) == (None, "Port 10")
    assert claims.better("in", "Port 10", ["Port 10"]) is None
