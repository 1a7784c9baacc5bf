"""``impsy convert-tflite``: any model file becomes a ``.tflite``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from impsy.cli.options import PATH, config_option
from impsy.cli.terminal import terminal
from impsy.errors import ConfigError
from impsy.models.sizes import SCALE_FACTOR, SIZES, size_name

if TYPE_CHECKING:
    from impsy.models.accuracy import Comparison
    from impsy.models.tflite.write import Storage
    from impsy.models.weights import Weights

__all__ = ["command"]


@click.command(name="convert-tflite")
@click.option(
    "-m", "--model", type=PATH, help="The .keras, .h5 or .tflite file.  [default: the configuration's model]"
)
@config_option
@click.option("-d", "--dimension", type=int, help="Check that the model has this dimension.")
@click.option("-s", "--size", type=click.Choice(list(SIZES)), help="Check that the model has this size.")
@click.option("-o", "--out_dir", "--out-dir", type=PATH, help="Where to write [the model's folder].")
@click.option(
    "--optimise/--no-optimise", default=False, help="Store the weights smaller, as far as it stays faithful."
)
def command(
    model: Path | None,
    config_file: Path,
    dimension: int | None,
    size: str | None,
    out_dir: Path | None,
    optimise: bool,
) -> None:
    """Turn a model file of any kind into a .tflite that plays everywhere.

    Dimension and size are read from the file. With --optimise the weights are stored as float16 or int8, whichever
    is smallest and still plays like the original; what was measured is shown.

    A model that was trained at another scale than 10 (`…-scale12`) becomes one of scale 10 that plays the same in
    every front end, and is named so.

    \b
    Examples:
      impsy convert-tflite                      the model that config.toml names
      impsy convert-tflite -m models/mine.keras
      impsy convert-tflite -m models/weights.h5 -o converted --optimise
      impsy convert-tflite -m old/flex-model.tflite -o models
    """
    from impsy.files import write_whole
    from impsy.models.opening import model_facts, model_scale, open_weights
    from impsy.models.scale import name_at_scale_10
    from impsy.models.tflite.write import encode_tflite

    if model is None:
        model = _configured(config_file)
    weights, scale = open_weights(model), model_scale(model)
    _check(model, weights, dimension, size)
    facts = model_facts(model)
    stem = model.name.removesuffix(model.suffix).removesuffix(".weights")
    target = (out_dir or model.parent) / f"{name_at_scale_10(stem, scale)}.tflite"
    if target.exists() and target.samefile(model):
        raise ConfigError(f"{model}: the result would replace the model itself; choose another folder with --out_dir")
    console = terminal()
    storage: Storage = "float32"
    if optimise:
        from impsy.models.accuracy import smallest_faithful

        chosen, results = smallest_faithful(weights, facts)
        content, storage = chosen.content, chosen.storage
        console.print(_accuracies(results, storage))
    else:
        content = encode_tflite(weights, facts=facts)
    replaced = target.exists()
    write_whole(target, content, "choose another folder with -o")
    console.print(f"{'Replaced' if replaced else 'Wrote'} {target}")
    if scale != SCALE_FACTOR:
        console.print(f"  trained at scale {scale:g}; the file has scale {SCALE_FACTOR:g} and plays the same")
    console.print(f"  {weights.name}, architecture {weights.architecture}, weights as {storage}")
    console.print(f"  {model.stat().st_size:,} bytes before, {len(content):,} after")


def _configured(config_file: Path) -> Path:
    """The model that the configuration names; raises ConfigError if it names none, or there is none."""
    from impsy.config import load_config

    model = load_config(config_file).model_file()
    if model is None:
        raise ConfigError(f"{config_file} names no model ([model] file): name the one to convert with -m")
    return model


def _check(model: Path, weights: Weights, dimension: int | None, size: str | None) -> None:
    """What the user says of the model must be so."""
    if dimension is not None and dimension != weights.dimension:
        raise ConfigError(f"{model}: the model has dimension {weights.dimension}, not {dimension}; leave out -d")
    own = size_name(*weights.size)
    if size is not None and size != own:
        has = (
            f"size {own}" if own else f"{weights.units} units in {len(weights.layers)} layers, which is no named size"
        )
        raise ConfigError(f"{model}: the model has {has}, not {size}; leave out -s")


def _accuracies(results: Mapping[Storage, Comparison], chosen: Storage) -> Table:
    from impsy.models.accuracy import LARGEST_DIFFERENCE, LARGEST_DIVERGENCE, STEPS

    table = Table(
        title=f"Against the original, over {STEPS} events",
        caption=f"mu and sigma: largest difference in the × 10 space (bound {LARGEST_DIFFERENCE:g}); "
        f"worse by: nats per event (bound {LARGEST_DIVERGENCE:g})",
    )
    for heading in ("weights", "bytes", "mu", "sigma", "logits", "worse by", ""):
        table.add_column(heading, justify="left" if heading in ("weights", "") else "right")
    for storage, result in results.items():
        verdict = "written" if storage == chosen else "" if result.is_faithful else "not faithful"
        figures = [result.mu, result.sigma, result.logits, max(0.0, result.divergence)]
        table.add_row(storage, f"{len(result.content):,}", *(f"{figure:.2g}" for figure in figures), verdict)
    return table
