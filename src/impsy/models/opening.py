"""Opening model files of any kind, ready to play."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.random import Generator

from impsy.errors import ModelError, refusal
from impsy.files import open_regular
from impsy.limits import DESCRIPTION_BYTES, MODEL_BYTES, READER_BYTES, shortened
from impsy.models.calibration import CALIBRATED, PLAYED, Temperatures, density_temperatures
from impsy.models.litert import GraphPredictor, LiteRTPredictor, litert_is_installed
from impsy.models.mixture import Mixture, split
from impsy.models.predictor import MixturePredictor, NumPyPredictor, Source
from impsy.models.scale import UnusableScaleError, at_scale_10, scale_of
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite.constants import LONGEST_NOTE
from impsy.models.tflite.own import numbers_of_graph
from impsy.models.tflite.read import UnknownNetworkError, read_facts, read_scale_note, read_tflite
from impsy.models.tflite.schema import IDENTIFIER
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights

__all__ = [
    "FACTS",
    "Backend",
    "OpenedModel",
    "make_predictor",
    "model_dimension",
    "model_facts",
    "model_scale",
    "open_model",
    "open_weights",
    "opened",
    "read_model_file",
]

Backend = Literal["auto", "litert", "numpy"]

FACTS = ("made_by", "created", "trained_on", "figures", CALIBRATED)
"""What of a trained model's description its ``.tflite`` holds; the ``.json`` beside has all."""
_LONGEST_DESCRIPTION = LONGEST_NOTE // 8
"""Bytes of the longest ``.json`` that is read: what it says fits into a model file."""
_HEAD = 64
"""Bytes at a file's beginning that show what it is."""


class _Format(NamedTuple):
    """A file format: what users call it, how it is recognised, and what reads it."""

    name: str
    is_it: Callable[[bytes], bool]
    read: Callable[[bytes], Weights]
    scale_note: Callable[[bytes], Mapping[str, Any]] = lambda _content: {}


def _read_keras(content: bytes) -> Weights:
    from impsy.models import keras_read  # zipfile and subprocess are not needed to play a .tflite

    return keras_read.read_keras(content)


def _read_h5(content: bytes) -> Weights:
    from impsy.models import keras_read

    return keras_read.read_h5(content)


_TFLITE = _Format("TensorFlow Lite", lambda content: content[4:8] == IDENTIFIER, read_tflite, read_scale_note)
_FORMATS = (
    _TFLITE,
    _Format("Keras archive", lambda content: content[:4] == b"PK\x03\x04", _read_keras),
    _Format("Keras HDF5", lambda content: content[:8] == b"\x89HDF\r\n\x1a\n", _read_h5),
)
_MISTAKEN: Mapping[bytes, str] = {
    b"version https://git-lfs": "it is a Git LFS pointer: fetch the file itself with `git lfs pull`",
    b"<": "it is a web page: download the file itself",
    b"\x80": "it is a Python pickle, which is never opened, since it may run any code: get the model as .keras",
}
"""The first bytes of files that are mistaken for models."""


_ANOTHER_FILE = "name a .tflite, .keras or .h5 file, such as `impsy train` makes"


class _AdvisedError(ModelError):
    """Its message says what to do."""


class _LocatedError(ModelError):
    """Its message has the file's name, and says what to do."""


@dataclass(frozen=True)
class OpenedModel:
    """A model that is ready to play, and what is known of it.

    Attributes:
        predictor: the network with its recurrent state; ``hear``, ``sample``, ``mixture`` and ``reset`` are its own.
        weights: the network's arrays; None for a ``.tflite`` whose weights are not recognised: it runs as
            it is.
        dimension: D = 1 + the number of controls, the length of an interaction vector.
        layers: LSTM layers, or pairs of states of a graph that runs as it is.
        mixtures: M, the components of the mixture.
        parameters: how many numbers were learned; None without ``weights``.
        runs: in words, what computes it.
        scale: what the numbers were multiplied by in training; ``predictor`` and ``weights`` are in the × 10 space,
            whatever it is.
        facts: what its maker says of it: ``made_by``, ``created``, ``trained_on``, ``figures``, ``calibrated``.
    """

    predictor: MixturePredictor
    path: Path
    format: str
    bytes: int
    weights: Weights | None
    dimension: int
    layers: int
    units: int
    mixtures: int
    parameters: int | None
    architecture: str | None
    runs: str
    scale: float
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.predictor.density_temperature = self.calibrated.sigma

    @property
    def calibrated(self) -> Temperatures:
        """The temperatures at which its densities hold."""
        return density_temperatures(self.facts)

    def hear(self, vector: Sequence[float]) -> None:
        """Advance by one interaction.

        Args:
            vector: ``[dt, x_1 … x_n]``, length D: seconds since the interaction before, then values in [0, 1].

        Raises:
            ValueError: it has another length.
        """
        self.predictor.hear(vector)

    def sample(
        self,
        rng: Generator | None = None,
        *,
        sigma_temperature: float = PLAYED.sigma,
        pi_temperature: float = PLAYED.pi,
        given: Mapping[int, float] | None = None,
    ) -> list[float]:
        """Draw the next interaction, given all that was heard; the model does not hear what it drew.

        Args:
            rng: where D + 1 normal numbers come from; None: a new generator each time.
            sigma_temperature: a factor on the variances of each component, ≥ 0.
            pi_temperature: divides the logits of the components, > 0.
            given: control (from 0) -> the value, 0 to 1, that it has; the others are drawn as they go with these.

        Returns:
            ``[dt, x_1 … x_n]``, not clipped: dt in seconds, values about [0, 1].

        Raises:
            ValueError: there is no such control.
        """
        rng = rng or np.random.default_rng()
        if not given:
            return self.predictor.sample(rng, pi_temperature, sigma_temperature)
        if not set(given) <= set(range(self.dimension - 1)):
            raise ValueError(f"the controls are 0 to {self.dimension - 2}, not {', '.join(map(str, given))}")
        return self.predictor.sample_given(rng, pi_temperature, sigma_temperature, given)

    def mixture(self) -> Mixture:
        """The mixture of the next interaction, in seconds and [0, 1], as arrays that are the caller's.

        ``mu`` and ``sigma`` (M, D), ``logits`` (M,); its densities hold at the temperatures :attr:`calibrated`.
        Before anything was heard, that of the last reset.
        """
        mu, sigma, logits = split(self.predictor.mixture(), self.dimension)
        return Mixture(mu / SCALE_FACTOR, sigma / SCALE_FACTOR, logits)

    def reset(self) -> None:
        """Forget all that was heard."""
        self.predictor.reset()


def open_model(path: str | os.PathLike[str], backend: Backend = "auto") -> OpenedModel:
    """Open a model file of any kind and make it ready to play.

    Where the weights can be recognised, they play in our own graph by LiteRT, or by NumPy where LiteRT is missing
    (or ``backend`` says so). A ``.tflite`` of another make plays as it is, in a process of its own. Raises
    ModelError: not a model, damaged, or nothing here can play it.
    """
    with _located(path) as file:
        try:
            weights = at_scale_10(file.read(), file.scale)
        except UnknownNetworkError as reason:
            return _open_graph(file, backend, reason)
        predictor = make_predictor(weights, backend)
        model = _of_weights(weights, predictor, file.path, file.form.name, len(file.content), file.scale, file.facts)
        return _sourced(model, file)


def opened(weights: Weights, path: Path, facts: Mapping[str, Any]) -> OpenedModel:
    """A model that is in no file yet, ready to play; ``path`` is what it would be called.

    ``facts`` may hold more than a file does.
    """
    kept = {key: facts[key] for key in FACTS if key in facts}
    model = _of_weights(weights, make_predictor(weights), path, "in memory", 0, SCALE_FACTOR, kept)
    model.predictor.source = Source(None, "", model.runs, lambda: encode_tflite(weights, facts=kept))
    return model


def _sourced(model: OpenedModel, file: _File) -> OpenedModel:
    """The model, whose predictor knows which file it is of, as the file was when it was read."""
    model.predictor.source = Source(file.path, sha256(file.content).hexdigest(), model.runs)
    return model


def _of_weights(
    weights: Weights,
    predictor: MixturePredictor,
    path: Path,
    form: str,
    size: int,
    scale: float,
    facts: Mapping[str, Any],
) -> OpenedModel:
    return OpenedModel(
        predictor=predictor,
        path=path,
        format=form,
        bytes=size,
        weights=weights,
        dimension=weights.dimension,
        layers=len(weights.layers),
        units=weights.units,
        mixtures=weights.mixtures,
        parameters=weights.parameters,
        architecture=weights.architecture,
        runs=("NumPy" if isinstance(predictor, NumPyPredictor) else "LiteRT, in a graph of our own") + _at(scale),
        scale=scale,
        facts=facts,
    )


def _at(scale: float) -> str:
    return "" if scale == SCALE_FACTOR else f", trained at scale {scale:g} instead of {SCALE_FACTOR:g}"


def open_weights(path: str | os.PathLike[str]) -> Weights:
    """The weights in a model file: ``.tflite``, ``.keras`` or ``.h5``, recognised by its content, not its suffix.

    Those of a file with another scale than 10 come back as those of the network of scale 10 that plays the same.
    Raises ModelError if it is none of these, is damaged, or holds another network.
    """
    with _located(path) as file:
        return at_scale_10(file.read(), file.scale)


def model_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the maker of a model wants to be known of it; empty if nothing.

    A ``.tflite`` holds it; of other files it is what the ``.json`` beside, of the same name, says of the like. Raises
    ModelError if the file is no model, or is damaged.
    """
    with _located(path) as file:
        return file.facts


def model_dimension(path: str | os.PathLike[str]) -> int:
    """The dimension of a model, found without making it ready to play where that can be; remembered until it changes.

    Raises ModelError as :func:`open_model` does.
    """
    path = Path(path)
    try:
        now = path.stat()
    except OSError:
        return open_model(path).dimension  # which says why not
    return _dimension(path, now.st_mtime_ns, now.st_size)


@lru_cache(maxsize=64)
def _dimension(path: Path, _changed: int, _size: int) -> int:
    with _located(path) as file:
        _ = file.scale  # one that cannot be used is refused
        try:
            return file.read().dimension
        except UnknownNetworkError:
            return open_model(path).dimension


def model_scale(path: str | os.PathLike[str]) -> float:
    """What the numbers of a model are multiplied by; raises ModelError if the file is no model, or has no number."""
    with _located(path) as file:
        return file.scale


def make_predictor(weights: Weights, backend: Backend = "auto") -> MixturePredictor:
    """The fastest predictor for ``weights`` that this machine has, or the one that ``backend`` asks for.

    Raises ModelError if it asks for LiteRT where that is missing.
    """
    # A small file can describe a network whose graph is made of matrices of controls times controls times components.
    too_large = backend == "auto" and 4 * numbers_of_graph(weights) > READER_BYTES
    if backend == "numpy" or too_large or (backend == "auto" and not litert_is_installed()):
        return NumPyPredictor(weights)
    if not litert_is_installed():
        raise _AdvisedError("LiteRT is not installed here: pip install ai-edge-litert, or choose the backend numpy")
    try:
        return LiteRTPredictor(weights)
    except AttributeError:
        # A LiteRT whose native interpreter looks different: the public calls do the same, more slowly.
        return GraphPredictor(encode_tflite(weights))


def read_model_file(path: Path) -> tuple[bytes, _Format]:
    """A file's bytes and its format, recognised by its first bytes; raises ModelError if it is no model."""
    try:
        with open_regular(path, MODEL_BYTES) as file:
            content = file.read(_HEAD)
            found = next((form for form in _FORMATS if form.is_it(content)), None)
            if found is not None:
                return content + file.read(MODEL_BYTES), found
    except IsADirectoryError as error:
        raise ModelError(f"{path}: this is a folder; give the .tflite, .keras or .h5 file in it") from error
    except OSError as error:
        raise ModelError(f"{path}: the model file cannot be read {refusal(error, _ANOTHER_FILE)}") from error
    why = "it does not begin as a .tflite, .keras or .h5 file does" if content else "the file is empty"
    why = next((text for start, text in _MISTAKEN.items() if content.startswith(start)), f"{why}; {_ANOTHER_FILE}")
    raise ModelError(f"{path}: this is not a model that IMPSY can open: {why}")


def _open_graph(file: _File, backend: Backend, reason: UnknownNetworkError) -> OpenedModel:
    """A ``.tflite`` whose weights are not recognised: it runs as it is, elsewhere, if a trial shows that it does."""
    if backend == "numpy" or not litert_is_installed():
        raise _AdvisedError(f"{reason}, so only LiteRT could play it: pip install ai-edge-litert") from reason
    from impsy.models.elsewhere import ElsewherePredictor, GraphProcess

    try:
        graph = GraphProcess(file.content, file.scale)
    except ModelError as error:
        raise ModelError(f"{reason}, and it does not run as it is: {error}") from error
    model = OpenedModel(
        predictor=ElsewherePredictor(graph),
        path=file.path,
        format=file.form.name,
        bytes=len(file.content),
        weights=None,
        dimension=graph.dimension,
        layers=graph.layers,
        units=graph.units,
        mixtures=graph.mixtures,
        parameters=None,
        architecture=None,
        runs=f"LiteRT, the file's own graph in a process of its own ({reason}){_at(file.scale)}",
        scale=file.scale,
        facts=file.facts,
    )
    return _sourced(model, file)


@dataclass(frozen=True)
class _File:
    """A model file that was read."""

    path: Path
    content: bytes
    form: _Format

    def read(self) -> Weights:
        """The network in it."""
        return self.form.read(self.content)

    @cached_property
    def scale(self) -> float:
        """What its numbers are multiplied by."""
        return scale_of(self.path, self.form.scale_note(self.content))

    @property
    def facts(self) -> dict[str, Any]:
        """Its own facts, or those of the ``.json`` beside it; empty if there are none."""
        if self.form is _TFLITE:
            return read_facts(self.content)
        around = self.path.parent.resolve().parent
        try:
            with open_regular(self.path.with_suffix(".json"), DESCRIPTION_BYTES, root=around) as file:
                found = json.loads(file.read(_LONGEST_DESCRIPTION), parse_constant=str)
        except (OSError, ValueError, RecursionError):
            return {}
        return {key: found[key] for key in FACTS if key in found} if isinstance(found, dict) else {}


@contextmanager
def _located(path: str | os.PathLike[str]) -> Iterator[_File]:
    """A model file; to a ModelError that is raised about it, the file's name and advice are added."""
    file = _File(Path(path), *read_model_file(Path(path)))
    try:
        yield file
    except _LocatedError:
        raise
    except ModelError as error:
        advised = isinstance(error, _AdvisedError | UnusableScaleError)
        advice = "" if advised else "; get it again, or train a model with `impsy train`"
        why = shortened(str(error))
        raise _LocatedError(f"{file.path}: this {file.form.name} file cannot be used: {why}{advice}") from error
