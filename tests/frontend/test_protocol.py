"""The page's types are made from the Python classes of ``impsy.protocol``, and are up to date."""

from __future__ import annotations

import importlib.util
import sys
import types
from dataclasses import asdict, fields
from pathlib import Path
from typing import get_args

import pytest
from pydantic import TypeAdapter
from starlette.responses import Response

from impsy.engine import Counters, Settings
from impsy.io.adapter import Health
from impsy.protocol import monitor, pages
from impsy.web.live import hub
from impsy.web.server import app

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"

NEW_MESSAGE = '''
from typing import NotRequired

class BeatMessage(TypedDict):
    """A beat of the clock."""

    type: Literal["beat"]
    tempo: float
    locked: NotRequired[bool]


ServerMessage = Union[ServerMessage, BeatMessage]
'''


@pytest.fixture(scope="module")
def generator() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("make_protocol", FRONTEND / "make_protocol.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_types_of_the_page_are_up_to_date(generator):
    wanted = generator.Writer(generator.modules()).text()
    assert (FRONTEND / "src" / "protocol.ts").read_text(encoding="utf-8") == wanted, (
        "run python frontend/make_protocol.py"
    )


def test_a_new_message_is_one_class_for_both_sides(generator, monkeypatch):
    extended = types.ModuleType("extended_pages")
    monkeypatch.setitem(sys.modules, extended.__name__, extended)
    source = Path(pages.__file__).read_text(encoding="utf-8")
    exec(
        compile(source + "from typing import NotRequired\n" + NEW_MESSAGE, extended.__name__, "exec"), vars(extended)
    )
    others = [module for module in generator.modules() if module is not pages]
    text = generator.Writer([*others, extended]).text()
    assert 'export interface BeatMessage {\n  type: "beat";\n  tempo: number;\n  locked?: boolean;\n}\n' in text
    union = next(line for line in text.splitlines() if line.startswith("export type ServerMessage = "))
    assert union.endswith("| BeatMessage;")
    message = {"type": "beat", "tempo": 120.0}
    assert TypeAdapter(extended.ServerMessage).validate_python(message) == message
    assert TypeAdapter(extended.ServerMessage).validate_json(hub._Message(message).text()) == message


def test_what_the_session_takes_from_its_parts_has_the_keys_of_the_protocol():
    own = {"dropped", "logged", "unmirrored", "marks"}
    assert set(monitor.Counts.__annotations__) == own | set(asdict(Counters()))
    assert set(monitor.PortHealth.__annotations__) == {field.name for field in fields(Health)}
    assert not set(monitor.State.__annotations__) - {"mode"} & {field.name for field in fields(Settings)}


def test_every_json_answer_is_typed_in_the_protocol(generator):
    known = [value for module in generator.modules() for value in vars(module).values()]
    for row in app.endpoints():
        if row.returns is not None:
            kind = row.types["return"]
            while parts := get_args(kind):  # a list of it, or a response that was made already
                kind = next(part for part in parts if part is not Response)
            assert any(kind is each for each in known), f"{row.method} {row.path} returns {kind}"
