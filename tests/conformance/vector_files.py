"""A small set of vector files, of every kind that needs no model, for where the published ones are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CASES: dict[str, dict[str, Any]] = {
    "midi_input": {
        "input_mapping": [["note_on", 1], ["control_change", 1, 7]],
        "messages": [[144, 127, 1], [176, 7, 0], [248]],
        "expected": [[[0, 1.0]], [[1, 0.0]], None],
    },
    "midi_output": {
        "output_mapping": [["note_on", 1]],
        "steps": [{"values": [0.5]}, {"all_notes_off": True}],
        "expected": [[[144, 64, 127]], [[128, 64, 0]]],
    },
    "websocket_input": {
        "input_mapping": [["note_on", 1]],
        "messages": ["/channel/1/noteon/127/1", "nonsense"],
        "expected": [[[0, 1.0]], None],
    },
    "websocket_output": {
        "output_mapping": [["note_on", 1]],
        "steps": [[0.5]],
        "expected": [["/channel/1/noteon/64/127"]],
    },
    "pipeline": {
        "dimension": 3,
        "input_mapping": [["note_on", 1], ["note_on", 2]],
        "initial_values": [0.25, 0.5],
        "start_time": 10.0,
        "events": [{"time": 10.5, "bytes": [144, 127, 1]}, {"time": 11.0, "bytes": [248]}],
        "expected": {
            "model_inputs": [[0.5, 1.0, 0.5]],
            "log": [{"source": "interface", "values": [1.0, 0.5]}],
        },
    },
    "playback": {
        "timescale": 2.0,
        "model_outputs": [[-1.0, 2.0]],
        "expected": [{"wait": 0.002, "output": [1.0], "next_model_input": [0.001, 1.0]}],
    },
    "dataset": {
        "dimension": 2,
        "log_lines": ["2026-09-26T10:00:00,interface,0.5", "nonsense", "2026-09-26T10:00:01,interface,0.25"],
        "expected": [[1.0, 0.25]],
    },
}


def document(*cases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    numbered = [{"name": f"case_{i}"} | case for i, case in enumerate(cases, start=1)]
    return {"spec_version": "1.0.0", "description": "for a test", "tolerance": 1e-9, "cases": numbered} | changes


def write(folder: Path, kind: str, content: object = None) -> Path:
    """A vector file: the small one of its kind, or with other content."""
    path = folder / f"{kind}.json"
    path.write_text(json.dumps(document(CASES[kind]) if content is None else content))
    return path
