"""OSCQuery's tree: all that the OSC listener takes is in it, and what is in it is taken."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.osc import COMMAND_ADDRESSES, OscDecoder, encode_message
from impsy.codecs.oscquery import ATTRIBUTES, EXTENSIONS, TARGET_LIMIT, AddressSpace, host_info
from impsy.codecs.shown import Shown
from impsy.events import Set, Update
from impsy.settings import SETTINGS, Settings

HOST = host_info("A tablet on pi", "192.168.1.5", 6000, 6001)
SHOWN = Shown(
    Settings(3, mode="duet", paused=True), (0.25, 1.0), (0.5, 0.0), "m.tflite", "verse", ("verse", "bridge")
)


def ask(target, *, names=(), commands=True, shown=SHOWN):
    return AddressSpace(2, names, commands=commands).answer(target, shown, HOST)


def found(target, **options):
    answer = ask(target, **options)
    assert answer.status is HTTPStatus.OK, answer
    return json.loads(answer.body)


def methods(node):
    for below in node.get("CONTENTS", {}).values():
        yield from methods(below)
    if "CONTENTS" not in node:
        yield node["FULL_PATH"], node


def test_every_control_has_its_name_range_value_and_access():
    assert found("/impsy/control/1", names=("Cutoff", "")) == {
        "FULL_PATH": "/impsy/control/1",
        "DESCRIPTION": "Cutoff",
        "TYPE": "f",
        "ACCESS": 3,
        "VALUE": [0.25],
        "RANGE": [{"MIN": 0.0, "MAX": 1.0}],
        "CLIPMODE": ["both"],
    }
    assert found("/impsy/control/2")["DESCRIPTION"] == "Control 2"
    assert found("/interface?VALUE") == {"VALUE": [0.25, 1.0]}
    assert found("/prediction")["ACCESS"] == 1
    assert found("/impsy/prediction/1?VALUE") == {"VALUE": [0.5]}


def test_every_command_and_every_live_setting_is_there():
    tree = dict(methods(found("/")))
    assert set(COMMAND_ADDRESSES) <= set(tree)
    for row in SETTINGS.values():
        if not row.address:
            continue
        node, value = tree[row.address], getattr(SHOWN.settings, row.name)
        assert (node["DESCRIPTION"], node["VALUE"], node["ACCESS"]) == (row.title, [value], 3)
        if row.kind == "choice":
            assert node["RANGE"] == [{"VALS": list(row.choices)}]
        elif row.kind == "number":
            (limits,) = node["RANGE"]
            assert limits["MIN"] == row.within_useful(limits["MIN"])
            assert limits["MAX"] == row.within_useful(limits["MAX"])
            assert limits["MIN"] <= row.default <= limits["MAX"]
        else:
            assert node["TYPE"] == ("T" if value else "F")
    assert (tree["/impsy/panic"]["TYPE"], tree["/impsy/panic"]["ACCESS"]) == ("I", 0)
    assert tree["/impsy/scene"]["RANGE"] == [{"VALS": ["verse", "bridge"]}]
    assert tree["/impsy/scene"]["VALUE"] == ["verse"]
    assert tree["/impsy/threshold"]["UNIT"] == ["time.second"]


@pytest.mark.parametrize("commands", [True, False])
def test_what_can_be_written_is_taken_by_the_listener_as_it_is_described(commands):
    space = AddressSpace(2, commands=commands)
    decoder = OscDecoder(2, commands=commands)
    for method in space.methods.values():
        if method.read is None:
            assert commands
            decoded = decoder.decode(encode_message(method.address, "", [])[:-4] + b",I\0\0")
        elif method.access == 3:
            decoded = decoder.decode(method.message(method.read(SHOWN)))
        else:
            continue
        assert len(decoded.events) == 1, method
        assert decoded.problems == (), method


def test_without_remote_control_settings_can_be_read_and_nothing_is_commanded():
    tree = dict(methods(found("/", commands=False)))
    assert "/impsy/panic" not in tree
    assert "/impsy/mark" not in tree
    assert {node["ACCESS"] for path, node in tree.items() if path in COMMAND_ADDRESSES} == {1}
    assert tree["/impsy/control/1"]["ACCESS"] == 3


def test_the_address_of_one_control_is_heard():
    decoder = OscDecoder(3)
    message = encode_message("/impsy/control/3", "f", [0.5])
    assert decoder.decode(message).events == (Update(((2, 0.5),), "osc"),)
    assert decoder.decode(encode_message("IMPSY/control/1/", "i", [1])).events == (Update(((0, 1.0),), "osc"),)
    for wrong, said in (
        (encode_message("/impsy/control/4", "f", [0.5]), "dimension 4 means 1 to 3"),
        (encode_message("/impsy/control/0", "f", [0.5]), "1 to 3"),
        (encode_message("/impsy/control/1", "ff", [0.5, 0.5]), "one number, not 2"),
        (encode_message("/impsy/control/1", "s", ["loud"]), "wants numbers"),
    ):
        decoded = decoder.decode(wrong)
        assert decoded.events == ()
        assert said in str(decoded.problems[0])
    clipped = decoder.decode(encode_message("/impsy/control/1", "f", [7.0]))
    assert clipped.events == (Update(((0, 1.0),), "osc"),)
    assert clipped.problems[0].kind.startswith("range")


def test_a_setting_that_was_set_is_read_as_such():
    decoder, settings = OscDecoder(2), {}
    for address, tags, value in (
        ("/impsy/tempo", "f", 90.0),
        ("/impsy/pause", "F", False),
        ("/impsy/mode", "s", "duet"),
    ):
        (event,) = decoder.decode(encode_message(address, tags, [value])).events
        assert isinstance(event, Set)
        settings[event.name] = event.value
        shown = Shown(Settings(3, **settings), (0, 0), (0, 0))
        assert found(f"{address}?VALUE", shown=shown) == {"VALUE": [value]}


def test_attributes_errors_and_host_info():
    assert found("/anything?HOST_INFO") == HOST
    assert set(HOST["EXTENSIONS"]) == set(EXTENSIONS)
    assert list(found("/impsy/control/1?FULL_PATH")) == ["FULL_PATH"]
    assert set(found("/impsy/control?CONTENTS")["CONTENTS"]) == {"1", "2"}
    for target in ("/impsy/panic?VALUE", "/impsy?VALUE", "/impsy/mode?UNIT", "/impsy/mode?CONTENTS", "/?RANGE"):
        assert ask(target).status is HTTPStatus.NO_CONTENT, target
    for target in ("/nowhere", "/impsy/control/3", "/impsy/control/1/x", "/temperature"):
        assert ask(target).status is HTTPStatus.NOT_FOUND, target
    assert ask("/impsy/mode?LOUDNESS").status is HTTPStatus.BAD_REQUEST
    assert ask(f"/{'x' * TARGET_LIMIT}").status is HTTPStatus.REQUEST_URI_TOO_LONG


_PIECES = st.one_of(
    st.sampled_from(["/", "?", "impsy", "control", "1", "VALUE", "HOST_INFO", "%2f", "&", "="]), st.text()
)


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
def test_any_request_has_an_answer(target):
    answer = ask(target)
    if answer.status is HTTPStatus.OK:
        assert isinstance(json.loads(answer.body), dict)
    else:
        assert answer.status in {204, 400, 404, 414}


@given(st.sampled_from(ATTRIBUTES), st.sampled_from(sorted(AddressSpace(2).methods)))
def test_an_attribute_is_what_the_whole_node_has(attribute, address):
    whole, answer = found(address), ask(f"{address}?{attribute}")
    if attribute in whole:
        assert json.loads(answer.body) == {attribute: whole[attribute]}
    else:
        assert answer.status is HTTPStatus.NO_CONTENT
