"""``impsy model``: look at model files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import PATH, json_option
from impsy.cli.terminal import echo, terminal
from impsy.models.sizes import SCALE_FACTOR, size_name

if TYPE_CHECKING:
    from impsy.models.opening import OpenedModel

__all__ = ["command"]


@click.group(name="model")
def command() -> None:
    """Look at model files.

    \b
    Examples:
      impsy model info models/mine.tflite    what is it, and how would it play here?
    """


@command.command()
@click.argument("file", type=PATH)
@json_option("Print the facts as JSON.")
def info(file: Path, as_json: bool) -> None:
    """Show what the model FILE is and how it would play here.

    The format is recognised by the content of the file, whatever its name. The exit code is 0 if IMPSY can play it,
    else 1.

    \b
    Examples:
      impsy model info models/mine.tflite
      impsy model info models/mine.keras --json | python -m json.tool
    """
    from impsy.models.opening import model_facts, open_model

    facts = _facts(open_model(file), model_facts(file))
    if as_json:
        echo(json.dumps(facts))
        return
    console = terminal()
    console.print(str(file), style="bold")
    for key, value in facts.items():
        if key != "file" and value is not None:
            shown = f"{value:,}" if key in ("bytes", "parameters") else value
            console.print(
                f"  {key:<13} {shown if isinstance(shown, str | int) else json.dumps(shown, ensure_ascii=False)}"
            )


def _facts(model: OpenedModel, trained: dict[str, Any]) -> dict[str, Any]:
    """Facts by name, without those that this model does not have. ``trained``: what training wrote about it."""
    facts = {
        "file": str(model.path),
        "format": model.format,
        "bytes": model.bytes,
        "dimension": model.dimension,
        "size": size_name(model.units, model.layers),
        "units": model.units,
        "layers": model.layers,
        "mixtures": model.mixtures,
        "parameters": model.parameters,
        "architecture": model.architecture,
        "runs": model.runs,
    }
    if model.weights is not None and model.weights.residual is not None:
        facts["grid"] = _grid(model.weights.residual.grid.tolist())
    if model.scale != SCALE_FACTOR:
        facts["scale"] = int(model.scale) if model.scale.is_integer() else model.scale
    return facts | ({"facts": trained} if trained else {})


def _grid(steps: list[float]) -> str:
    """How finely the controls are heard: ``1/127 (8 controls), continuous (3 controls)``."""
    counts = Counter(f"1/{round(SCALE_FACTOR / step, 2):g}" if step else "continuous" for step in steps)
    return ", ".join(f"{kind} ({count} control{'s' * (count > 1)})" for kind, count in counts.items())
