"""Running networks by LiteRT, Google's runtime for ``.tflite`` files."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.limits import MOST_DIMENSION
from impsy.models.architectures import Gestures, Residual
from impsy.models.mixture import Live, LiveSampler, MixtureSampler
from impsy.models.predictor import MixturePredictor
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.tflite.write import encode_player
from impsy.models.weights import Weights, random_weights

__all__ = ["GraphPredictor", "Layout", "LiteRTPredictor", "find_layout", "litert_is_installed", "prepare_litert"]


def litert_is_installed() -> bool:
    """Whether this machine has LiteRT (there are no wheels for Intel Macs)."""
    from importlib.util import find_spec

    return find_spec("ai_edge_litert") is not None


@cache
def prepare_litert() -> Any:
    """LiteRT's interpreter class, loaded and used once. A program calls this before it plays or draws on a terminal.

    With the first graph of a process LiteRT writes a line on its delegate to standard error, and has no setting for
    that. So the first graph is a tiny one, laid out here with standard error redirected for these milliseconds.
    """
    from ai_edge_litert.interpreter import Interpreter

    first = encode_player(random_weights(2, Size(1, 1), rng=np.random.default_rng(0), mixtures=1))
    with _standard_error_discarded():
        Interpreter(model_content=first, num_threads=1).allocate_tensors()
    return Interpreter


@contextlib.contextmanager
def _standard_error_discarded() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _interpreter(content: bytes) -> Any:
    """An interpreter with its memory laid out. One thread: a step is too short to share."""
    try:
        interpreter = prepare_litert()(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"LiteRT cannot run this graph: {error}") from error
    return interpreter


class LiteRTPredictor(MixturePredictor):
    """``weights`` as our own LiteRT graph, made and kept in memory: the fastest way to play.

    Its graph has fixed shapes, so its tensors never move once they are allocated. That is why arrays over them can
    be kept and the step started on the native interpreter, where the public ``invoke`` would insist that no such
    array exists: it saves making ten arrays a step, a third of the time.
    """

    def __init__(self, weights: Weights) -> None:
        self._lay_out(encode_player(weights), weights.dimension, weights.residual)

    def _lay_out(self, content: bytes, dimension: int, fixed: Residual | None) -> None:
        self._content, self._fixed = content, fixed
        self._interpreter = _interpreter(content)
        inputs = [self._view(detail) for detail in self._interpreter.get_input_details()]
        outputs = [self._view(detail) for detail in self._interpreter.get_output_details()]
        super().__init__(_sampler(outputs[0].reshape(-1), dimension, fixed), dimension)
        self._predicted = memoryview(outputs[0]).cast("B")
        self._input = memoryview(inputs[0]).cast("B")
        self._pack = struct.Struct(f"{self.dimension}f").pack_into
        self._states = inputs[1:]
        self._copied = _copies(inputs[1:], outputs[1:])
        self._invoke = self._interpreter._interpreter.Invoke
        self.reset()

    def _view(self, detail: dict[str, Any]) -> Any:
        return self._interpreter.tensor(detail["index"])()

    def hear(self, vector: Sequence[float]) -> None:
        """See :meth:`MixturePredictor.hear`."""
        try:
            self._pack(self._input, 0, *[SCALE_FACTOR * value for value in vector])
        except (struct.error, OverflowError) as error:
            raise ValueError(f"an interaction has {self.dimension} float32 numbers here: {error}") from error
        self._invoke()
        for before, after in self._copied:
            before[:] = after
        self._heard = True

    def reset(self) -> None:
        """See :meth:`MixturePredictor.reset`."""
        for state in self._states:
            state[...] = 0.0
        self._heard = False

    def save(self) -> tuple[bool, bytes, list[bytes]]:
        """What :meth:`restore` takes; within a microsecond or two."""
        return self._heard, bytes(self._predicted), [bytes(before) for before, _ in self._copied]

    def twin(self) -> LiteRTPredictor:
        """Another graph of the same weights, which any thread may use beside this one."""
        twin = object.__new__(LiteRTPredictor)
        twin._lay_out(self._content, self.dimension, self._fixed)
        twin.density_temperature = self.density_temperature
        return twin

    def restore(self, state: tuple[bool, bytes, list[bytes]]) -> None:
        """Go on from what another has saved."""
        self._heard, predicted, before = state
        self._predicted[:] = predicted
        for (view, _), part in zip(self._copied, before, strict=True):
            view[:] = part


def _sampler(output: Any, dimension: int, fixed: Residual | None) -> MixtureSampler:
    """What draws from the first output of :func:`encode_player`'s graph."""
    if isinstance(fixed, Gestures):
        return LiveSampler(output, Live(fixed))
    return MixtureSampler(output, dimension, None if fixed is None else fixed.grid)


def _copies(befores: list[Any], afters: list[Any]) -> list[tuple[memoryview, memoryview]]:
    """The bytes of states as they go in and come out, pair by pair; in one piece where they lie side by side."""
    if _side_by_side(befores) and _side_by_side(afters):
        befores, afters = ([_whole(views)] for views in (befores, afters))
    return [
        (memoryview(before).cast("B"), memoryview(after).cast("B"))
        for before, after in zip(befores, afters, strict=True)
    ]


def _side_by_side(views: list[Any]) -> bool:
    """Whether arrays of one shape follow each other in memory, with nothing between."""
    first, size = views[0].ctypes.data, views[0].nbytes
    return all(view.ctypes.data == first + i * size for i, view in enumerate(views))


def _whole(views: list[Any]) -> Any:
    first = views[0]
    return np.lib.stride_tricks.as_strided(first, (len(views), first.size), (first.nbytes, first.itemsize))


@dataclass(frozen=True)
class Layout:
    """Which tensors of a graph are what, by LiteRT's tensor numbers.

    ``states`` are pairs (where a state goes in, where it comes out), each of shape ``state_shape``.
    """

    dimension: int
    mixtures: int
    units: int
    input: int
    output: int
    states: tuple[tuple[int, int], ...]


def find_layout(inputs: Sequence[dict[str, Any]], outputs: Sequence[dict[str, Any]]) -> Layout:
    """Tell a graph's tensors apart by shape and, among states, by name or tensor order.

    That is the contract of docs/reference/formats.md, ``.tflite``. Takes what ``Interpreter.get_input_details()`` and
    ``get_output_details()`` return. Raises ModelError if the graph is not one step of a mixture-density recurrent
    network.
    """
    vectors = [detail for detail in inputs if len(detail["shape"]) == 3]
    states_in = [detail for detail in inputs if len(detail["shape"]) == 2]
    if len(vectors) != 1 or len(states_in) + 1 != len(inputs) or list(vectors[0]["shape"][:2]) != [1, 1]:
        raise ModelError("its inputs are not one interaction [1,1,D] and states [1,U]")
    shapes = {tuple(int(size) for size in detail["shape"]) for detail in states_in}
    if len(shapes) != 1 or len(states_in) % 2:
        raise ModelError("its states are not pairs of one shape [1,U]")
    (state_shape,) = shapes
    dimension = int(vectors[0]["shape"][2])
    states_in = _in_order(states_in)
    states_out: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for detail in outputs:
        is_state = tuple(detail["shape"]) == state_shape and len(outputs) > 1
        (states_out if is_state else others).append(detail)
    if not others and len(states_out) == len(states_in) + 1:
        others = [states_out.pop(0)]  # the mixture happens to be as wide as a state; it comes first
    if len(others) != 1 or len(states_out) != len(states_in):
        raise ModelError("its outputs are not one mixture and as many states as it takes")
    if any(detail["dtype"] != np.float32 for detail in (*inputs, *outputs)):
        raise ModelError("its inputs and outputs are not float32")
    width = int(np.prod(others[0]["shape"]))
    if dimension > MOST_DIMENSION:
        raise ModelError(f"its dimension is {dimension:,}, and at most {MOST_DIMENSION:,} can be played")
    if dimension < 2 or width % (2 * dimension + 1):
        raise ModelError(f"its output of {width} numbers is no mixture for dimension {dimension}")
    pairs = zip(states_in, _in_order(states_out), strict=True)
    return Layout(
        dimension,
        width // (2 * dimension + 1),
        state_shape[1],
        vectors[0]["index"],
        others[0]["index"],
        tuple((before["index"], after["index"]) for before, after in pairs),
    )


def _in_order(states: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """h0, c0, h1, c1…: by the names that our inputs have where all have them, else by tensor number."""
    import re

    keys = {}
    for detail in states:
        match = re.search(r"state_([hc])_(\d+)", detail["name"])
        if match:
            keys[detail["index"]] = (int(match[2]), "hc".index(match[1]))
    if len(keys) == len(states) == len(set(keys.values())):
        return sorted(states, key=lambda detail: keys[detail["index"]])
    return sorted(states, key=lambda detail: detail["index"])


class GraphPredictor(MixturePredictor):
    """Someone else's graph, run as it is.

    Nothing is known of what its tensors do while it runs, so arrays over them are made afresh at each step. ``scale``
    is what the graph was trained with; ``parameters`` are in the × 10 space, whatever it is.
    """

    def __init__(self, content: bytes, scale: float = SCALE_FACTOR) -> None:
        self._interpreter = _interpreter(content)
        self.layout = find_layout(self._interpreter.get_input_details(), self._interpreter.get_output_details())
        dimension = self.layout.dimension
        parameters = np.zeros(self.layout.mixtures * (2 * dimension + 1), np.float32)
        super().__init__(MixtureSampler(parameters, dimension), dimension)
        shape = (1, self.layout.units)
        self._states = [np.zeros(shape, np.float32) for _ in self.layout.states]
        self._input = np.zeros((1, 1, dimension), np.float32)
        self._scale = scale
        self._means_and_deviations = parameters[: 2 * self.layout.mixtures * dimension]

    def hear(self, vector: Sequence[float]) -> None:
        """See :meth:`MixturePredictor.hear`; raises ModelError if the graph fails."""
        if len(vector) != self.dimension:
            raise ValueError(f"an interaction has {self.dimension} numbers here, not {len(vector)}")
        self._input[0, 0, :] = [self._scale * value for value in vector]
        interpreter, layout = self._interpreter, self.layout
        try:
            interpreter.set_tensor(layout.input, self._input)
            for (before, _), state in zip(layout.states, self._states, strict=True):
                interpreter.set_tensor(before, state)
            interpreter.invoke()
            for i, (_, after) in enumerate(layout.states):
                self._states[i] = interpreter.get_tensor(after)
            self.parameters[:] = interpreter.get_tensor(layout.output).reshape(-1)
            self._means_and_deviations *= SCALE_FACTOR / self._scale
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"the model failed while it played: {error}") from error
        self._heard = True

    def reset(self) -> None:
        """See :meth:`MixturePredictor.reset`."""
        for state in self._states:
            state.fill(0)
        self._heard = False
