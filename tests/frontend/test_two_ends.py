"""The page's own model against Python's: the same numbers for the same models, in Node and in a browser."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from test_frontend import FRONTEND, node, tools  # noqa: F401 - a fixture

import two_ends
from bench.browser import SHELLS, browsing, quiet
from impsy import limits
from impsy.models.landings import MOST_VALUES
from two_ends import Case

ENDS = FRONTEND / "tests" / "two-ends"
pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture(scope="module")
def script(tools, tmp_path_factory) -> Path:  # noqa: F811
    """All modules of the page's model as one script."""
    script = tmp_path_factory.mktemp("ends") / "ends.js"
    node(ENDS / "bundle.mjs", ENDS / "main.ts", script)
    return script


@pytest.fixture(scope="module")
def made() -> list[Case]:
    """The random cases; with those of released models where there are any."""
    data = two_ends.shared() / "data"
    return list(two_ends.cases(data=data if data.is_dir() else None))


def answers_of_node(script: Path, made: list[Case], folder: Path) -> dict[str, Any]:
    asked, answered = folder / "cases.json", folder / "answers.json"
    asked.write_text(two_ends.asked(made))
    node(ENDS / "run.mjs", script, asked, answered)
    return json.loads(answered.read_text())


@pytest.mark.slow
def test_both_ends_compute_and_draw_the_same(script, made, tmp_path):
    found = answers_of_node(script, made, tmp_path)
    assert len(made) > 500
    assert not two_ends.differences(made, found["answers"])
    assert found["limits"] == {
        "READER_BYTES": limits.READER_BYTES,
        "READER_RATIO": limits.READER_RATIO,
        "MOST_DIMENSION": limits.MOST_DIMENSION,
        "MOST_VALUES": MOST_VALUES,
    }


@pytest.mark.slow
@pytest.mark.peer("chromium")
def test_a_browser_computes_and_draws_the_same(script, made):
    with browsing(names=SHELLS) as browser:
        page = browser.new_page()
        told = quiet(page)
        page.add_script_tag(path=script)
        script_of_page = "async (asked) => JSON.stringify(await answers(JSON.parse(asked)))"
        answers = page.evaluate(script_of_page, two_ends.asked(made))
        assert not told
    assert not two_ends.differences(made, json.loads(answers))


def test_the_published_vectors_hold(script, vectors, tmp_path):
    [case] = json.loads((vectors / "model.json").read_text())["cases"]
    file = vectors / Path(case["model_file"]).name
    steps, expected = case["steps"], case["expected"]["steps"]
    asks = {
        "kind": "network",
        "name": file.name,
        "content": base64.b64encode(file.read_bytes()).decode(),
        "packed": False,
        "heard": [step.get("input") for step in steps],
        "draws": [],
    }
    heard = [None if step is None else step["mdn_output"] for step in expected]
    introspected = case["expected"]["introspected"]
    made = [Case(asks, heard, "network")]
    for step in expected:
        if step is not None:
            logits = step["mdn_output"][-introspected["mixtures"] :]
            asks = {"kind": "components", "logits": logits, "temperature": case["pi_temp"]}
            asks["uniforms"] = case["uniform_draws"]
            made.append(Case(asks, [step["pi"], step["mixture_for_draw"]]))
    network, *others = answers_of_node(script, made, tmp_path)["answers"]
    assert {name: network["description"].get(name, network.get(name)) for name in introspected} == introspected
    assert len(others) >= 3
    assert not two_ends.differences(made, [network["mixtures"], *others])
