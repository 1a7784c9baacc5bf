"""The instrument of the page decides what the Python engine decides: the same cases through both."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from engine_scripts import record_case, record_network_case
from mapping_traces import ZONE, clock_case, hands_case, input_case, output_case, row_case
from test_frontend import FRONTEND, node, tools  # noqa: F401 - a fixture

from bench.browser import SHELLS, browsing

TRACES = FRONTEND / "tests" / "traces"
EXACT = 1e-9
BY_NETWORKS = 1e-5
"""Networks compute in float32."""
CHUNK = 100
"""Cases that are in memory at once."""
VECTORS = ("midi_input", "midi_output", "playback", "pipeline")

Check = Callable[..., list[str]]


@pytest.fixture(scope="module")
def bundle(tools, tmp_path_factory) -> Path:  # noqa: F811
    """What plays the cases again, as one script."""
    script = tmp_path_factory.mktemp("traces") / "check.js"
    rolldown = tools / "rolldown" / "bin" / "cli.mjs"
    node(rolldown, TRACES / "main.ts", "--format", "iife", "--file", script)
    return script


@pytest.fixture
def check(bundle, tmp_path) -> Check:
    """Play cases again in Node; returns a sentence for each in which it did something else."""

    def checked(kind: str, cases: list[Any], tolerance: float = EXACT) -> list[str]:
        file = tmp_path / "cases.json"
        file.write_text(json.dumps(cases), encoding="utf-8")
        found: list[str] = json.loads(node(TRACES / "node.mjs", bundle, file, kind, str(tolerance)))
        return found

    return checked


def chunks(seeds: range) -> Iterable[list[Any]]:
    for first in seeds[::CHUNK]:
        yield [record_case(seed) for seed in range(first, min(first + CHUNK, seeds.stop))]


@pytest.mark.slow
def test_performances_go_the_same_way(check):
    assert not check("performance", [record_case(seed) for seed in range(60, 85)])


@pytest.mark.slow
def test_a_thousand_performances_go_the_same_way(check):
    found = [sentence for cases in chunks(range(1000, 2000)) for sentence in check("performance", cases)]
    assert not found


@pytest.mark.slow
def test_performances_of_networks_go_the_same_way(check):
    assert not check("performance", [record_network_case(seed) for seed in range(2)], BY_NETWORKS)


@pytest.mark.slow
def test_many_performances_of_networks_go_the_same_way(check):
    assert not check("performance", [record_network_case(seed) for seed in range(10, 60)], BY_NETWORKS)


def test_a_difference_is_found(check):
    case = record_case(7)
    call = next(call for call in case["calls"] if call.get("commands"))
    call["deadline"] = (call["deadline"] or 0.0) + 1e-6
    assert "deadline" in check("performance", [case])[0]


@pytest.mark.slow
def test_all_go_the_same_way_in_a_browser(bundle):
    networks = [record_network_case(seed) for seed in range(60, 80)]
    makers = {"input": input_case, "output": output_case, "hands": hands_case, "clock": clock_case}
    with browsing(names=SHELLS) as chromium:
        page = chromium.new_page()
        page.add_script_tag(content=bundle.read_text(encoding="utf-8"))

        def check(kind: str, cases: list[Any], tolerance: float = EXACT) -> list[str]:
            # As text: Playwright takes seconds for the values of a large object.
            script = "([kind, cases, tolerance]) => check(kind, JSON.parse(cases), tolerance)"
            found: list[str] = page.evaluate(script, [kind, json.dumps(cases), tolerance])
            return found

        found = [sentence for cases in chunks(range(2000, 2400)) for sentence in check("performance", cases)]
        found += check("performance", networks, BY_NETWORKS)
        for kind, make in makers.items():
            found += check(kind, [make(seed) for seed in range(1000, 1300)])
    assert not found


def test_the_tables_of_the_page_are_up_to_date():
    spec = importlib.util.spec_from_file_location("make_tables", FRONTEND / "make_tables.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.TARGET.read_text(encoding="utf-8") == generator.text(), "run python frontend/make_tables.py"


@pytest.mark.parametrize(
    ("kind", "make"), [("input", input_case), ("output", output_case), ("hands", hands_case), ("clock", clock_case)]
)
@pytest.mark.slow
def test_mappings_clocks_and_hands_are_the_same(check, kind, make):
    assert not check(kind, [make(seed) for seed in range(60)])


def test_rows_of_a_log_are_the_same_byte_for_byte(check, monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", ZONE)
    assert not check("row", [row_case(seed) for seed in range(300)])


def test_the_published_vectors_hold(check, vectors):
    cases = [
        {**case, "file": file}
        for file in VECTORS
        for case in json.loads((vectors / f"{file}.json").read_text(encoding="utf-8"))["cases"]
    ]
    assert len(cases) > len(VECTORS)
    assert not check("vector", cases)
