"""What OSC clients send, byte for byte: those that keep to the specification, its options, and those that do not.

The bytes are built here from the specification, not by the code under test.
"""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pythonosc.osc_message_builder import OscMessageBuilder

from fuzzing import examples
from impsy.codecs.osc import CONTROL_ADDRESSES, LOCAL_ADDRESSES, PLAYING_ADDRESSES, OscDecoder
from impsy.codecs.oscaddress import matching
from impsy.codecs.oscwire import MESSAGES_LIMIT, Message, read_packet
from impsy.engine import MODES
from impsy.errors import PeerError
from impsy.events import (
    Another,
    Forget,
    Interaction,
    Keep,
    LoadModel,
    Mark,
    PanicButton,
    PlayThrough,
    RecallScene,
    Reset,
    Set,
    ShowTraffic,
    Tap,
    Update,
    UsePreset,
)
from impsy.settings import SETTINGS
from waiting import if_idle

FUZZ = examples(300)


def padded(text):
    data = text if isinstance(text, bytes) else text.encode()
    return data + bytes(4 - len(data) % 4)


def f(*numbers):
    return struct.pack(f">{len(numbers)}f", *numbers)


def i(*numbers):
    return struct.pack(f">{len(numbers)}i", *numbers)


def osc(address, tags, data=b""):
    return padded(address) + padded("," + tags) + data


def bundle(*parts, time_tag=1):
    return b"#bundle\0" + struct.pack(">Q", time_tag) + b"".join(i(len(part)) + part for part in parts)


def slip(packet):
    return packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")


def built(address, *values):
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def decode(packet, controls=2, **options):
    return OscDecoder(controls, **options).decode(packet)


PLAYED = (Interaction((0.25, 0.5)),)
PLAYED_FULL = (Interaction((1.0, 0.0)),)
PAUSED, RESUMED = (Set("paused", True),), (Set("paused", False),)
BATTLE = (Set("mode", "battle"),)
NEAR = osc("/interface", "ff", f(0.25, 0.5))

CLIENTS = {
    # liblo, oscpack, ofxOsc, osc.js, oscP5, TouchOSC: the types of OSC 1.0 and its options
    "liblo: T": (osc("/impsy/pause", "T"), PAUSED),
    "liblo: F": (osc("/impsy/pause", "F"), RESUMED),
    "liblo: i": (osc("/impsy/pause", "i", i(1)), PAUSED),
    "liblo: h": (osc("/impsy/pause", "h", struct.pack(">q", 0)), RESUMED),
    "liblo: d": (osc("/interface", "dd", struct.pack(">2d", 0.25, 0.5)), PLAYED),
    "liblo: S": (osc("/impsy/mode", "S", padded("battle")), BATTLE),
    "liblo: c": (osc("/impsy/pause", "c", i(ord("1"))), PAUSED),
    "liblo: I for a trigger": (osc("/impsy/reset", "I"), (Reset(),)),
    "liblo: N for a trigger": (osc("/impsy/panic", "N"), (PanicButton(),)),
    "liblo: m for a trigger": (osc("/impsy/panic", "m", b"\0\x90\x3c\x64"), (PanicButton(),)),
    "oscpack: an array": (osc("/interface", "[ff]", f(0.25, 0.5)), PLAYED),
    "oscpack: arrays in arrays": (osc("/interface", "[[f][f]]", f(0.25, 0.5)), PLAYED),
    "oscpack: booleans as values": (osc("/interface", "TF"), PLAYED_FULL),
    "ofxOsc: everything in a bundle": (bundle(NEAR), PLAYED),
    "ofxOsc: bundles in bundles": (bundle(bundle(NEAR), bundle(osc("/impsy/pause", "T"))), (*PLAYED, *PAUSED)),
    "ofxOsc: a trigger with a blob": (osc("/impsy/reset", "b", i(3) + b"abc\0"), (Reset(),)),
    "osc.js: colours and time tags for a trigger": (osc("/impsy/reset", "rt", bytes(12)), (Reset(),)),
    "osc.js: integers as floats": (osc("/impsy/pause", "f", f(1.0)), PAUSED),
    "oscP5: integers where floats are": (osc("/interface", "if", i(1) + f(0.0)), PLAYED_FULL),
    "SuperCollider: a bundle in the future": (bundle(NEAR, time_tag=1 << 63), PLAYED),
    "SuperCollider: a bundle with a time tag of 0": (bundle(NEAR, time_tag=0), PLAYED),
    "SuperCollider: symbols as texts": (osc("/impsy/mode", "s", padded("battle")), BATTLE),
    "TouchOSC mk1: no arguments, but type tags": (osc("/impsy/reset", ""), (Reset(),)),
    "TouchOSC mk1: a button that is released": (osc("/impsy/pause", "f", f(0.0)), RESUMED),
    "TouchOSC: numbers as texts": (osc("/impsy/sigmatemp", "s", padded("0.5")), (Set("sigma_temperature", 0.5),)),
    "TouchOSC: a boolean for one control": (osc("/impsy/control", "iT", i(2)), (Update(((1, 1.0),), "osc"),)),
    "Max: integers where names are": (osc("/impsy/scene", "i", i(3)), (RecallScene("3"),)),
    "Max: no slash at the beginning": (osc("impsy/pause", "i", i(1)), PAUSED),
    "Max: an empty bundle": (bundle(), ()),
    "CNMAT o.: bundles in bundles with an empty part": (bundle(b"", bundle(NEAR)), PLAYED),
    "Pure Data oscformat: floats only": (osc("/impsy/control", "ff", f(2, 0.5)), (Update(((1, 0.5),), "osc"),)),
    "Pure Data oscformat: a scene's number": (osc("/impsy/scene", "f", f(3)), (RecallScene("3"),)),
    "Pure Data packOSC: a bundle of typed messages": (
        bundle(osc("/impsy/pitemp", "f", f(1.5)), osc("/impsy/timescale", "f", f(2))),
        (Set("pi_temperature", 1.5), Set("timescale", 2.0)),
    ),
    "python-osc: a boolean": (built("/impsy/pause", True), PAUSED),
    "python-osc: a list within the arguments": (built("/interface", [0.25, 0.5]), PLAYED),
    "python-osc: a large integer": (built("/impsy/pause", 1 << 40), PAUSED),
    "python-osc: None for a trigger": (built("/impsy/reset", None), (Reset(),)),
    # words
    "JavaScript: true as a text": (osc("/impsy/pause", "s", padded("true")), PAUSED),
    "off as a text": (osc("/impsy/pause", "s", padded("Off")), RESUMED),
    "a number with blanks as a text": (osc("/impsy/timescale", "s", padded(" 2.5e0 ")), (Set("timescale", 2.5),)),
    "a mode in capitals": (osc("/impsy/mode", "s", padded("BATTLE")), BATTLE),
    "a mode of two words": (osc("/impsy/mode", "s", padded("Call Response")), (Set("mode", "callresponse"),)),
    "a mode with a hyphen": (osc("/impsy/mode", "s", padded("user-only")), (Set("mode", "useronly"),)),
    # addresses
    "capitals in the address": (osc("/Impsy/PAUSE", "i", i(1)), PAUSED),
    "a slash at the end": (osc("/impsy/pause/", "i", i(1)), PAUSED),
    "the slash twice": (osc("//impsy//pause", "i", i(1)), PAUSED),
    "any depth, as in OSC 1.1": (osc("//pause", "i", i(1)), PAUSED),
    "alternatives": (
        osc("/impsy/{sigmatemp,pitemp}", "f", f(0.5)),
        (Set("sigma_temperature", 0.5), Set("pi_temperature", 0.5)),
    ),
    "a star": (osc("/impsy/pa*se", "T"), PAUSED),
    "question marks": (osc("/impsy/p?n??", "N"), (PanicButton(),)),
    "a set of characters": (osc("/impsy/[o-q]ause", "T"), PAUSED),
    "all but some characters": (osc("/i[!a-m]terface", "ff", f(0.25, 0.5)), PLAYED),
    # made by hand: Arduino, ESP, older mixers
    "no type tags, no arguments (Behringer X32)": (padded("/impsy/reset"), (Reset(),)),
    "no type tags, an integer": (padded("/impsy/pause") + i(1), PAUSED),
    "no type tags, an integer of 0": (padded("/impsy/pause") + i(0), RESUMED),
    "no type tags, floats": (padded("/interface") + f(0.25, 0.5), PLAYED),
    "no type tags, integers": (padded("/interface") + i(1, 0), PLAYED_FULL),
    "no type tags, a text": (padded("/impsy/mode") + padded("battle"), BATTLE),
    "no type tags, a number as text": (padded("/impsy/sigmatemp") + padded("0.5"), (Set("sigma_temperature", 0.5),)),
    "no comma before the type tags": (padded("/interface") + padded("ff") + f(0.25, 0.5), PLAYED),
    "no comma before the type tag of a text": (padded("/impsy/mode") + padded("s") + padded("battle"), BATTLE),
    "no comma before a T": (padded("/impsy/pause") + padded("i") + i(1), PAUSED),
    "the last text without padding": (osc("/impsy/mode", "s", b"battle\0"), BATTLE),
    "the last text without any zero": (osc("/impsy/mode", "s", b"battle"), BATTLE),
    "a text of 8 letters without a zero": (osc("/impsy/mode", "s", b"useronly"), (Set("mode", "useronly"),)),
    "no type tags, a text without a zero": (padded("/impsy/mode") + b"battle", BATTLE),
    "the address alone, without a zero": (b"/impsy/reset", (Reset(),)),
    "the address and the end of a line": (b"/impsy/reset\n", (Reset(),)),
    "the type tags without padding": (padded("/impsy/pause") + b",T\0", PAUSED),
    "the type tags without any zero": (padded("/impsy/pause") + b",T", PAUSED),
    "an address of 12 letters without a zero": (b"/impsy/pause" + padded(",i") + i(1), PAUSED),
    "a buffer of fixed size": (osc("/impsy/pause", "i", i(1)) + bytes(40), PAUSED),
    "4 zeros too many (OSC4Bitwig)": (NEAR + bytes(4), PLAYED),
    "the end of a line after it": (NEAR + b"\r\n", PLAYED),
    "a bundle with a part that lacks padding": (
        bundle(osc("/impsy/mode", "s", b"battle\0"), NEAR),
        (*BATTLE, *PLAYED),
    ),
    # other transports' framing, and several at once
    "two messages in one datagram": (NEAR + osc("/impsy/pause", "T"), (*PLAYED, *PAUSED)),
    "a message and a bundle in one datagram": (NEAR + bundle(osc("/impsy/pause", "T")), (*PLAYED, *PAUSED)),
    "SLIP at both ends": (b"\xc0" + slip(NEAR) + b"\xc0", PLAYED),
    "SLIP at the end": (slip(NEAR) + b"\xc0", PLAYED),
    "SLIP with escapes": (
        b"\xc0" + slip(osc("/impsy/timescale", "d", b"\x3f\xc0\xdb\0\0\0\0\0")) + b"\xc0",
        (Set("timescale", struct.unpack(">d", b"\x3f\xc0\xdb\0\0\0\0\0")[0]),),
    ),
    "two SLIP frames": (b"\xc0" + NEAR + b"\xc0\xc0" + osc("/impsy/pause", "T") + b"\xc0", (*PLAYED, *PAUSED)),
    "a length before it, as over TCP": (i(len(NEAR)) + NEAR, PLAYED),
    "lengths before two": (i(len(NEAR)) + NEAR + i(len(NEAR)) + NEAR, (*PLAYED, *PLAYED)),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_clients_send_is_understood(client):
    packet, events = CLIENTS[client]
    decoded = decode(packet)
    assert decoded.problems == ()
    assert decoded.events == events


REFUSED = {
    "a mode by its number": (osc("/impsy/mode", "i", i(2)), "type:/impsy/mode", "callresponse, polyphony"),
    "a word for a number": (osc("/impsy/pitemp", "s", padded("warm")), "type:/impsy/pitemp", "warm"),
    "a decimal comma": (osc("/impsy/pitemp", "s", padded("1,5")), "type:/impsy/pitemp", "1,5"),
    "digits of Python": (osc("/impsy/pitemp", "s", padded("1_0")), "type:/impsy/pitemp", "1_0"),
    "nothing where a number is": (osc("/impsy/pitemp", "N"), "type:/impsy/pitemp", "nil"),
    "an impulse where a number is": (osc("/impsy/pause", "I"), "type:/impsy/pause", "an impulse"),
    "a colour where a number is": (osc("/impsy/pitemp", "r", i(1)), "type:/impsy/pitemp", "a colour"),
    "a blob where numbers are": (osc("/interface", "b", i(8) + f(0.25, 0.5)), "length:/interface", "1 value,"),
    "a pause of a half": (osc("/impsy/pause", "f", f(0.5)), "range:/impsy/pause", "0.5"),
    "a boolean as a control's number": (osc("/impsy/control", "Tf", f(0.5)), "type:/impsy/control", "True"),
    "more arguments than there can be": (osc("/impsy/pause", "ii", i(1, 0)), "length:/impsy/pause", "2 arguments"),
    "an unknown type": (osc("/interface", "fu", f(0.25, 0.5)), "tag:/interface", "'u'"),
    "brackets that do not match": (osc("/interface", "[ff", f(0.25, 0.5)), "tag:/interface", "bracket"),
    "brackets the wrong way": (osc("/interface", "]ff[", f(0.25, 0.5)), "tag:/interface", "bracket"),
    "no type tags and pairs": (padded("/impsy/control") + f(1, 0.5), "untagged:/impsy/control", "type tags"),
    "no type tags and no numbers": (padded("/interface") + b"\x60" * 8, "untagged:/interface", "type tags"),
    "no type tags, a text or a number": (padded("/impsy/pitemp") + b"500\0", "untagged:/impsy/pitemp", "different"),
    "no type tags, too few": (padded("/interface") + f(0.25), "untagged:/interface", "4 bytes"),
    "a text of Latin-1": (osc("/impsy/scene", "s", padded("Düne".encode("latin-1"))), "not-osc", "UTF-8"),
    "Pure Data: netsend without -b": (b"/impsy/pause 1;\n", "text", "netsend -b"),
    "Pure Data: a list by netsend without -b": (b"list 0.5 0.25;\n", "text", "netsend -b"),
    "SuperCollider: a number as address": (i(11) + padded(",i") + i(1), "not-osc", "not OSC"),
    "a pattern without its bracket": (osc("/impsy/{pause", "T"), "address:/impsy/{pause", "/interface"),
    "an address of another program": (osc("/1/fader1", "f", f(0.5)), "address:/1/fader1", "/interface"),
    "TouchOSC mk1: touched": (osc("/impsy/pause/z", "f", f(1)), "address:/impsy/pause/z", "nothing listens"),
    "a length that is not its own": (i(len(NEAR) + 4) + NEAR, "not-osc", "not OSC"),
    "SLIP around rubbish": (b"\xc0rubbish\xc0", "not-osc", "not OSC"),
    "a scene without a zero": (osc("/impsy/scene", "s", b"verse"), "cut", "cut short"),
    "a text of a number without a zero": (osc("/impsy/pitemp", "s", b"1.5"), "cut", "cut short"),
}


@pytest.mark.parametrize("sender", REFUSED)
def test_what_may_mean_different_things_is_refused_with_a_reason(sender):
    packet, kind, words = REFUSED[sender]
    decoded = decode(packet)
    assert decoded.events == ()
    (problem,) = decoded.problems
    assert problem.kind == kind
    assert words in str(problem)


def test_what_a_message_does_not_announce_is_left_out_and_reported():
    decoded = decode(osc("/impsy/pause", "i", i(1)) + f(0.25))
    assert decoded.events == PAUSED
    assert [problem.kind for problem in decoded.problems] == ["surplus"]


def test_a_pattern_is_for_each_address_that_takes_its_arguments():
    decoded = decode(osc("/impsy/{mode,pause}", "i", i(1)))
    assert decoded.events == PAUSED
    assert [problem.kind for problem in decoded.problems] == ["type:/impsy/mode"]
    decoded = decode(osc("/impsy/*", "s", padded("battle")), local=True)
    assert {type(event) for event in decoded.events} == {
        Forget,
        Keep,
        Mark,
        Set,
        LoadModel,
        PanicButton,
        Another,
        Reset,
        RecallScene,
        ShowTraffic,
        Tap,
        UsePreset,
    }
    assert {p.kind.split(":")[1] for p in decoded.problems} == {
        "/impsy/control", "/impsy/touch", "/impsy/output", "/impsy/pause", "/impsy/pitemp", "/impsy/sigmatemp",
        "/impsy/threshold", "/impsy/timescale", "/impsy/hold", "/impsy/longest_wait", "/impsy/tempo",
        "/impsy/quantise", "/impsy/learn",
    }  # fmt: skip
    assert decode(osc("/*", "ff", f(0.25, 1.5))).events == (
        Interaction((0.25, 1.0)), Set("sigma_temperature", 0.25), Set("pi_temperature", 1.5),
    )  # fmt: skip


def test_no_mode_is_the_beginning_of_another():
    assert not any(one != other and one.startswith(other) for one in MODES for other in MODES)


# --- cut short: never another number ------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Cc"]), max_size=12)
unit = st.floats(0, 1, width=32)
number = st.one_of(
    st.floats(-1e6, 1e6, width=32).map(lambda x: ("f", f(x))),
    st.floats(-1e6, 1e6).map(lambda x: ("d", struct.pack(">d", x))),
    st.integers(-(2**31), 2**31 - 1).map(lambda x: ("i", i(x))),
    st.integers(-(2**63), 2**63 - 1).map(lambda x: ("h", struct.pack(">q", x))),
    st.sampled_from("TF").map(lambda tag: (tag, b"")),
    st.floats(0, 1000).map(lambda x: ("s", padded(f"{x:.3f}"))),
)
text = words.map(lambda word: ("s", padded(word)))
mode = st.sampled_from(list(MODES)).map(lambda word: ("s", padded(word)))
anything = st.one_of(
    number, text, st.sampled_from([("N", b""), ("I", b""), ("r", i(1)), ("b", i(5) + b"12345\0\0\0")])
)
index = st.integers(1, 2).map(lambda x: ("i", i(x))) | st.integers(1, 2).map(lambda x: ("f", f(x)))
pairs = st.lists(st.tuples(index, number), min_size=1, max_size=3).map(
    lambda all: [each for pair in all for each in pair]
)
ARGUMENTS = {
    "/interface": st.lists(number, min_size=2, max_size=2),
    "/impsy/output": st.lists(number, min_size=2, max_size=2),
    "/impsy/control": pairs,
    "/impsy/touch": st.lists(index, min_size=1, max_size=3),
    "/temperature": st.lists(number, min_size=2, max_size=2),
    "/impsy/mode": st.lists(mode, min_size=1, max_size=1),
    "/impsy/model": st.lists(text, min_size=1, max_size=1),
    "/impsy/scene": st.lists(text | st.just(("i", i(7))), min_size=1, max_size=1),
    "/impsy/preset": st.lists(text, min_size=1, max_size=1),
    "/impsy/panic": st.lists(anything, max_size=2),
    "/impsy/another": st.lists(anything, max_size=2),
    "/impsy/reset": st.lists(anything, max_size=2),
    "/impsy/traffic": st.lists(anything, max_size=2),
}


@st.composite
def messages(draw):
    """A message that is valid at its address, with its type tags or, where it is understood, without."""
    address = draw(st.sampled_from([*PLAYING_ADDRESSES, *LOCAL_ADDRESSES, *CONTROL_ADDRESSES]))
    arguments = draw(ARGUMENTS.get(address, st.lists(number, min_size=1, max_size=1)))
    tags, data = "".join(tag for tag, _ in arguments), b"".join(content for _, content in arguments)
    head = padded(address)
    return head + draw(st.sampled_from([padded("," + tags), padded("," + tags), padded(tags), b""])) + data


def meaning(decoded):
    return decoded.events, [p for p in decoded.problems if not p.kind.startswith("range")]


@given(messages())
@example(padded("/interface") + padded("Fd") + bytes(8))  # the tags as a float: 14592
@example(padded("/impsy/mode") + padded("s") + padded("callresponse"))  # the tag as the text
@example(padded("/interface") + padded("If") + f(0.5))
@settings(max_examples=max(FUZZ, 1000))
@pytest.mark.slow
def test_every_beginning_of_a_message_means_the_same_or_is_refused(packet):
    whole = decode(packet, local=True)
    if not whole.events:
        return  # refused already
    for cut in range(len(packet)):
        found = decode(packet[:cut], local=True)
        assert found.events == whole.events or (found.events == () and found.problems), (packet, cut)


@given(st.lists(messages(), min_size=1, max_size=3), st.booleans())
@settings(max_examples=FUZZ)
@pytest.mark.slow
def test_every_beginning_of_several_messages_is_the_first_of_them(packets, bundled):
    whole = bundle(*packets) if bundled else b"".join(packets)
    events, problems = meaning(decode(whole, local=True))
    if problems:
        return  # refused in part: those without type tags take the next one for their arguments
    for cut in range(len(whole)):
        found = decode(whole[:cut], local=True)
        assert found.events == events[: len(found.events)]


@pytest.mark.parametrize("address", ["/interface", "/impsy/output"])
@pytest.mark.parametrize("tag", ["f", "d", "i", "h"])
def test_a_number_that_is_cut_by_any_byte_is_refused(address, tag):
    size = 8 if tag in "dh" else 4
    packet = osc(
        address, tag * 2, struct.pack(f">2{'q' if tag == 'h' else tag}", *([1, 1] if tag in "ih" else [0.7, 0.7]))
    )
    for lost in range(1, 2 * size + 1):
        decoded = decode(packet[:-lost], local=True)
        assert decoded.events == ()
        assert [problem.kind for problem in decoded.problems] == ["cut"]


# --- the same message, otherwise written ---------------------------------------------------------------------


@st.composite
def spelled(draw, address):
    """The address as another client writes it, a pattern perhaps."""
    if draw(st.booleans()):
        at = draw(st.integers(address.rfind("/") + 1, len(address) - 1))
        letter = address[at]
        inside = draw(
            st.sampled_from([f"[{letter}]", f"{{{letter},xyz}}", f"{{xyz,{letter}}}", f"[!{chr(ord(letter) + 1)}]"])
        )
        address = address[:at] + inside + address[at + 1 :]
    address = draw(st.sampled_from([str, str.upper, str.title]))(address)
    address = draw(st.sampled_from(["", "/"])) + address + draw(st.sampled_from(["", "/", "//"]))
    return address if draw(st.booleans()) else address.removeprefix("/") or address


FRAMINGS = (
    lambda packet: packet,
    lambda packet: packet + bytes(4),
    lambda packet: b"\xc0" + slip(packet) + b"\xc0",
    lambda packet: slip(packet) + b"\xc0",
    lambda packet: i(len(packet)) + packet,
)


@given(st.data(), st.tuples(unit, unit))
@settings(max_examples=FUZZ)
@pytest.mark.slow
def test_every_encoding_of_values_means_the_same(data, values):
    encoded = []
    for value in values:
        kinds = [("f", f(value)), ("d", struct.pack(">d", value)), ("s", padded(repr(value)))]
        if value in (0, 1):
            kinds += [("T" if value else "F", b""), ("i", i(int(value))), ("h", struct.pack(">q", int(value)))]
        encoded.append(data.draw(st.sampled_from(kinds)))
    tags = "".join(tag for tag, _ in encoded)
    tags = data.draw(st.sampled_from([tags, f"[{tags}]", f"[{tags[0]}]{tags[1]}"]))
    address = data.draw(spelled("/interface"))
    packet = osc(address, tags, b"".join(content for _, content in encoded))
    for _ in range(data.draw(st.integers(0, 3))):
        packet = bundle(packet)
    packet = data.draw(st.sampled_from(FRAMINGS))(packet)
    decoded = decode(packet)
    assert decoded.events == (Interaction(tuple(values)),)


@given(st.sampled_from([*CONTROL_ADDRESSES, *PLAYING_ADDRESSES]).flatmap(lambda a: st.tuples(st.just(a), spelled(a))))
@pytest.mark.slow
def test_every_spelling_of_an_address_finds_it(case):
    address, written = case
    assert address in matching(written, (*CONTROL_ADDRESSES, *PLAYING_ADDRESSES))


# --- harm ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "packet",
    [
        osc("/" + "*" * 190, "f", f(1)),
        osc("/" + "*a" * 90, "f", f(1)),
        osc("/impsy/" + "[a-z]*" * 30, "f", f(1)),
        osc("/" + "{a,b,i,im,imp,}" * 13, "f", f(1)),
        osc("/" * 60_000, "f", f(1)),
        osc("/interface", "[" * 30_000 + "]" * 30_000),
        osc("/impsy/reset", "T" * 60_000),
        padded("/impsy/reset") * 4000,
        osc("/impsy/reset", "") * 3000,
        bundle(*[osc("/impsy/reset", "")] * 2500),
        b"\xc0" * 65_000,
        b"\xc0/\xc0" * 20_000,
        i(1) + b"/" + (i(1) + b"/") * 12_000,
        b",".join([b"/x"] * 20_000),
        b"/{" * 30_000,
    ],
)
@pytest.mark.slow
def test_no_packet_takes_long(packet):
    decoder = OscDecoder(2, local=True)
    start = time.process_time()
    decoder.decode(packet[:65_507])
    assert if_idle(time.process_time() - start) < 0.5


def test_messages_one_after_the_other_are_limited():
    found = read_packet(osc("/a", "") * (MESSAGES_LIMIT + 5))
    assert [type(each) for each in found] == [Message] * MESSAGES_LIMIT + [PeerError]


@given(
    st.lists(
        st.sampled_from(
            [b"/", b",", b"\0", b"\xc0", b"\xdb", b"#bundle\0", b"/impsy/pause", b"ff", b"[", b"{a,b}", b"*"]
        )
        | st.binary(max_size=6),
        max_size=20,
    ).map(b"".join)
)
@settings(max_examples=FUZZ)
@pytest.mark.slow
def test_any_bytes_are_events_or_problems(packet):
    decoded = decode(packet, local=True)
    assert all(isinstance(problem, PeerError) for problem in decoded.problems)
    assert all(len(str(problem)) < 400 for problem in decoded.problems)
    for event in decoded.events:
        if isinstance(event, Interaction | PlayThrough):
            assert all(0 <= value <= 1 for value in event.values)
        elif isinstance(event, Set):
            assert isinstance(event.value, type(SETTINGS[event.name].default))
