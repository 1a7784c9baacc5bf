"""Model files of every layout that is out there, made small.

Each follows what the program named in its docstring really writes (structure compared with its files).
"""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import fields, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from impsy.models.architectures import Gestures, Residual
from impsy.models.keras_read import DEFINITION, as_listed
from impsy.models.landings import Landings
from impsy.models.predictor import MixturePredictor
from impsy.models.sizes import Size
from impsy.models.tflite import flatbuffer
from impsy.models.tflite.schema import (
    IDENTIFIER,
    Add,
    Buffer,
    Concatenation,
    FullyConnected,
    Model,
    Multiply,
    Op,
    Operator,
    OperatorCode,
    Split,
    Subgraph,
    Tensor,
    While,
)
from impsy.models.weights import SIGMA_OFFSET, Weights
from random_networks import random_weights

PARTS = ("mus", "sigmas", "pis")
ABS = 101
SQUEEZE, CAST, CEIL = 43, 53, 104
LESS = 58


def small_weights(seed: int = 0, dimension: int = 3, size: Size = Size(8, 2), mixtures: int = 3) -> Weights:  # noqa: B008
    """An untrained network whose biases are not zero, so that none can be forgotten unnoticed."""
    rng = np.random.default_rng(seed)
    weights = random_weights(dimension, size, rng=rng, mixtures=mixtures)
    for array in (weights.mixture_bias, *(layer.bias for layer in weights.layers)):
        array += rng.normal(0, 0.3, array.shape).astype(np.float32)
    return weights


def _steps(rng: np.random.Generator, n: int, grid: str) -> np.ndarray:
    """The steps of n controls of which ``all``, ``some`` or ``none`` have a grid."""
    steps = rng.choice(10 / np.array([127.0, 100.0, 12.0]), n)
    steps[{"all": slice(0, 0), "some": slice(0, None, 2), "none": slice(None)}[grid]] = 0
    return steps


def residual_weights(
    seed: int = 0,
    dimension: int = 4,
    size: Size = Size(8, 2),  # noqa: B008
    mixtures: int = 3,
    grid: str = "some",
) -> Weights:
    """The same for a residual network; ``grid`` says how many controls have one: ``all``, ``some`` or ``none``."""
    rng = np.random.default_rng(seed)
    weights = random_weights(dimension, size, rng=rng, mixtures=mixtures, architecture="residual")
    for array in (weights.mixture_bias, *(layer.bias for layer in weights.layers)):
        array += rng.normal(0, 0.3, array.shape).astype(np.float32)
    steps = _steps(rng, dimension - 1, grid)
    shape = mixtures, dimension
    parts = (
        steps,
        rng.uniform(0.1, 15, dimension - 1),
        rng.uniform(0.1, 3, shape),
        rng.choice([0, 0.03, 0.5], shape),
    )
    return replace(weights, residual=Residual(*(part.astype(np.float32) for part in parts)))


def gesture_weights(
    seed: int = 0,
    dimension: int = 4,
    size: Size = Size(8, 2),  # noqa: B008
    mixtures: int = 7,
    grid: str = "some",
) -> Weights:
    """The same for a gesture network, whose components are of any kind, in any order."""
    rng = np.random.default_rng(seed)
    base = residual_weights(seed, dimension, size, mixtures, grid)
    weights = random_weights(dimension, size, rng=rng, mixtures=mixtures, architecture="gestures")
    for array in (weights.mixture_bias, *(layer.bias for layer in weights.layers)):
        array += rng.normal(0, 0.3, array.shape).astype(np.float32)
    n = dimension - 1
    parts = (
        rng.uniform(0.02, 0.3, n),
        rng.uniform(0.02, 0.3, n),
        rng.uniform(0.005, 0.1, n),
        rng.choice([-1, 0, 1], (mixtures, n)) * rng.choice([0, 1], (mixtures, 1), p=[0.2, 0.8]),
        *(rng.choice([0, 1], mixtures) for _ in range(3)),
        rng.uniform(0, 2, 1),
    )
    assert base.residual is not None
    shared = (getattr(base.residual, field.name) for field in fields(Residual))
    fixed = Gestures(*shared, *(part.astype(np.float32) for part in parts))
    moving, continues = np.array(fixed.direction), np.array(fixed.continues)
    moving[::3] = np.where(moving[::3] == 0, 1, moving[::3])  # some components move every control
    moving[1::3, ::2] = 0
    continues[:2] = seed % 3 != 2  # in some networks no component need continue
    return replace(weights, residual=replace(fixed, direction=moving, continues=continues))


def landing_weights(
    seed: int = 0,
    dimension: int = 4,
    size: Size = Size(8, 2),  # noqa: B008
    mixtures: int = 20,
    grid: str = "some",
) -> Weights:
    """The same for a network of notes: one or two of them, anywhere among the controls, with slots of any kind.

    ``mixtures`` is about how many components it has; ``grid`` is about the controls that are no notes.
    """
    rng = np.random.default_rng(seed)
    n = dimension - 1
    step = np.array(_steps(rng, n, grid))
    notes = np.sort(rng.permutation(n)[: rng.integers(1, min(n, 2) + 1)])
    step[notes] = rng.choice(10 / np.array([127.0, 12.0]), len(notes))
    voice = np.concatenate([np.full(rng.integers(1, 5), voice) for voice in range(len(notes))])
    voice = np.append(voice, np.full(rng.integers(0, 4), -1))
    counts = np.array([max(1, mixtures // (len(notes) * int((voice == v).sum()))) for v in range(len(notes))])
    slots = len(voice)
    moves = rng.choice([0, 1], (slots, n))
    moves[np.ix_(voice >= 0, notes)] = 0
    parts = (
        step,
        rng.uniform(0.1, 15, n),
        rng.uniform(0.1, 3, (slots, dimension)),
        rng.choice([0, 0.03, 0.5], (slots, dimension)),
        notes,
        np.minimum(rng.integers(0, 8, len(notes)), np.rint(10 / step[notes])),
        counts,
        voice,
        moves,
        rng.uniform(0, 5, slots),
        rng.uniform(0.05, 30, rng.integers(1, 9)),
        np.where(step > 0, step, rng.uniform(0.02, 0.3, n)),
        rng.uniform(0.005, 0.1, n),
        np.where(np.isin(np.arange(n), notes), 1, rng.choice([0, 1], n)),
    )
    fixed = Landings(*(np.asarray(part, np.float32) for part in parts))
    weights = random_weights(dimension, size, rng=rng, mixtures=mixtures, architecture="landings")
    units, kernel = size.units, weights.layers[0].kernel
    first = rng.normal(0, 0.2, (fixed.features, kernel.shape[1])).astype(np.float32)
    layers = (replace(weights.layers[0], kernel=first), *weights.layers[1:])
    for layer in layers:
        layer.bias[...] += rng.normal(0, 0.3, layer.bias.shape).astype(np.float32)
    mixture = [
        rng.normal(0, 0.2, shape).astype(np.float32)
        for shape in (
            (units + fixed.features, fixed.outputs),
            (fixed.outputs,),
        )
    ]
    return Weights(dimension, layers, *mixture, "landings", fixed)


def assert_same(left: Weights, right: Weights, tolerance: float = 0.0, *, constants: float = 0.0) -> None:
    assert (left.name, left.architecture) == (right.name, right.architecture)
    if left.residual is not None:
        for field in fields(left.residual):
            mine, other = (getattr(weights.residual, field.name) for weights in (left, right))
            np.testing.assert_allclose(mine, other, atol=0, rtol=constants)
    for mine, other in zip(arrays(left), arrays(right), strict=True):
        np.testing.assert_allclose(mine, other, atol=tolerance, rtol=0)


FOREIGN = """
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter

way, path, given = sys.argv[1:]
heard = np.load(given)["heard"]
interpreter = Interpreter(model_path=path)
if way == "signature":
    runner = interpreter.get_signature_runner()
    names = [name for name in runner.get_input_details() if name != "inputs"]
    pairs = sorted(names, key=lambda name: (int(name.split("_")[2]), name.split("_")[1] == "c"))
    states = {name: np.zeros(runner.get_input_details()[name]["shape"], np.float32) for name in names}
    played = []
    for event in heard:
        out = runner(inputs=(event * 10).reshape(1, 1, -1), **states)
        played.append(out["output_0"].reshape(-1))
        states = {name: out[f"output_{i + 1}"] for i, name in enumerate(pairs)}
else:
    interpreter.allocate_tensors()
    ins = sorted(interpreter.get_input_details(), key=lambda detail: detail["index"])
    outs = sorted(interpreter.get_output_details(), key=lambda detail: detail["index"])
    (vector,) = [detail for detail in ins if len(detail["shape"]) == 3]
    befores = [detail for detail in ins if len(detail["shape"]) == 2]
    afters = [detail for detail in outs if tuple(detail["shape"]) == tuple(befores[0]["shape"])]
    (mixture,) = [detail for detail in outs if detail not in afters]
    states = [np.zeros(detail["shape"], np.float32) for detail in befores]
    played = []
    for event in heard:
        interpreter.set_tensor(vector["index"], (event * 10).reshape(1, 1, -1))
        for before, state in zip(befores, states):
            interpreter.set_tensor(before["index"], state)
        interpreter.invoke()
        played.append(interpreter.get_tensor(mixture["index"]).reshape(-1))
        states = [interpreter.get_tensor(after["index"]) for after in afters]
assert "impsy" not in sys.modules
np.savez(given, heard=heard, played=np.array(played))
"""


def played_by_strangers(content: bytes, heard: np.ndarray, way: str, folder: Path) -> np.ndarray:
    """The mixtures that a program with nothing of ours gives: by ``signature``, or by tensors' ``index``.

    It hears ``heard`` (events, D), not scaled, and carries along all states that there are.
    """
    path, given = folder / f"{way}.tflite", folder / f"{way}.npz"
    path.write_bytes(content)
    np.savez(given, heard=np.asarray(heard, np.float32))
    program = [sys.executable, "-I", "-c", FOREIGN, way, str(path), str(given)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(given) as answer:
        return np.array(answer["played"])


def arrays(weights: Weights) -> list[np.ndarray]:
    layers = [part for layer in weights.layers for part in (layer.kernel, layer.recurrent, layer.bias)]
    return [*layers, weights.mixture_kernel, weights.mixture_bias]


def play(predictor: MixturePredictor, steps: int = 100, seed: int = 1) -> np.ndarray:
    """The mixtures (steps, M(2D+1)) that it predicts while it hears the same random events as any other."""
    rng = np.random.default_rng(seed)
    heard = []
    predictor.reset()
    for _ in range(steps):
        predictor.hear([rng.exponential(0.2), *rng.random(predictor.dimension - 1)])
        heard.append(predictor.mixture())
    return np.array(heard)


def heads(weights: Weights) -> list[tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of the dense layers for mu, sigma and pi."""
    width = weights.mixtures * weights.dimension
    ends = [0, width, 2 * width, 2 * width + weights.mixtures]
    return [(weights.mixture_kernel[:, a:b], weights.mixture_bias[a:b]) for a, b in pairwise(ends)]


def hdf5(datasets: dict[str, Any], attributes: dict[str, Any] | None = None) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        for path, value in datasets.items():
            h5[path] = value
        h5.attrs.update(attributes or {})
    return file.getvalue()


def lstm_roles(weights: Weights, i: int) -> dict[str, np.ndarray]:
    layer = weights.layers[i]
    return {"kernel": layer.kernel, "recurrent_kernel": layer.recurrent, "bias": layer.bias}


def keras2_weights(weights: Weights) -> bytes:
    """``save_weights`` of tf.keras 2: ``lstm0/lstm0/kernel:0``, ``td_mdn/td_mdn/mus/kernel:0``."""
    data = {
        f"lstm{i}/lstm{i}/{role}:0": value
        for i in range(len(weights.layers))
        for role, value in lstm_roles(weights, i).items()
    }
    for part, (kernel, bias) in zip(PARTS, heads(weights), strict=True):
        data |= {f"td_mdn/td_mdn/{part}/kernel:0": kernel, f"td_mdn/td_mdn/{part}/bias:0": bias}
    return hdf5(data, {"backend": "tensorflow", "keras_version": "2.2.4-tf"})


def keras2_model(weights: Weights) -> bytes:
    """``save`` of Keras 2.2: a whole model with its optimizer; the mixture's parts are only numbered."""
    data = {
        f"model_weights/lstm{i}/lstm{i}/{role}:0": value
        for i in range(len(weights.layers))
        for role, value in lstm_roles(weights, i).items()
    }
    for suffix, (kernel, bias) in zip(("", "_1", "_2"), heads(weights), strict=True):
        base = "model_weights/td_mdn/td_mdn"
        data |= {f"{base}/kernel{suffix}:0": kernel, f"{base}/bias{suffix}:0": bias}
    data |= {"optimizer_weights/training/Adam/Variable_1:0": np.zeros((5, 5), np.float32)}
    data |= {"optimizer_weights/Adam/iterations:0": np.int64(3)}
    layers = [
        {
            "class_name": "LSTM",
            "config": {"name": "lstm0", "activation": "tanh", "recurrent_activation": "hard_sigmoid"},
        }
    ]
    return hdf5(data, {"model_config": json.dumps({"class_name": "Model", "config": {"layers": layers}})})


def keras3_weights(weights: Weights, *, training: bool = True) -> bytes:
    """``model.weights.h5`` of Keras 2.15 and 3: ``layers/lstm_1/cell/vars/0``; the optimizer's state beside it."""
    data: dict[str, Any] = {}
    for i in range(len(weights.layers)):
        base = "layers/lstm" + (f"_{i}" if i else "")
        data |= {f"{base}/cell/vars/{n}": value for n, value in enumerate(lstm_roles(weights, i).values())}
    mixture = "layers/time_distributed/layer" if training else "layers/mdn"
    for part, (kernel, bias) in zip(("mdn_mus", "mdn_sigmas", "mdn_pi"), heads(weights), strict=True):
        data |= {f"{mixture}/{part}/vars/0": kernel, f"{mixture}/{part}/vars/1": bias}
    if training:
        data |= {"optimizer/vars/0": np.int64(7), "optimizer/vars/2": weights.layers[0].kernel}
    return hdf5(data)


def keras3_model(weights: Weights) -> bytes:
    """``save("x.h5")`` of Keras 3: ``model_weights/lstm_0/lstm_0/lstm_cell/kernel``."""
    data: dict[str, Any] = {
        f"model_weights/lstm_{i}/lstm_{i}/lstm_cell/{role}": value
        for i in range(len(weights.layers))
        for role, value in lstm_roles(weights, i).items()
    }
    for part, (kernel, bias) in zip(("mdn_mus", "mdn_sigmas", "mdn_pi"), heads(weights), strict=True):
        base = f"model_weights/td_mdn/td_mdn/mdn_outputs/{part}"
        data |= {f"{base}/kernel": kernel, f"{base}/bias": bias}
    return hdf5(data)


def keras_config(weights: Weights, **lstm: str) -> dict[str, Any]:
    """``config.json``, as far as it tells what the network is; ``lstm`` changes settings of the LSTM layers."""
    settings = {"units": weights.units, "activation": "tanh", "recurrent_activation": "sigmoid"} | lstm
    layers: list[dict[str, Any]] = [{"class_name": "InputLayer", "config": {"name": "inputs"}}]
    layers += [{"class_name": "LSTM", "config": {"name": f"lstm_{i}"} | settings} for i in range(len(weights.layers))]
    layers += [{"class_name": "MDN", "config": {"name": "mdn_outputs", "num_mixtures": weights.mixtures}}]
    return {"class_name": "Functional", "config": {"name": "functional", "layers": layers}}


def residual_config(weights: Weights) -> dict[str, Any]:
    """The same for a residual network: what its features are computed with, and its constants."""
    config = keras_config(weights)
    layers = config["config"]["layers"]
    operations = ("GetItem", "Log", "Round", "Tanh", "ZeroPadding1D", "Cropping1D", "Subtract", "Add")
    operations += ("Multiply", "Square", "Concatenate")
    layers += [{"class_name": name, "config": {"name": name.lower()}} for name in operations]
    constants = weights.residual
    assert constants is not None
    width = weights.mixtures * weights.dimension
    ones = np.ones(weights.mixture_bias.size, np.float32)
    scale, offset = ones.copy(), 0 * ones
    scale[width : 2 * width] = constants.sigma_scale.reshape(-1)
    offset[width : 2 * width] = constants.sigma_floor.reshape(-1)
    for name, by, plus in (
        ("residual_grid", constants.grid.tolist(), 0.0),
        ("residual_change", constants.change_scale.tolist(), 0.0),
        ("residual_output", scale.tolist(), offset.tolist()),
    ):
        layers.append({"class_name": "Rescaling", "config": {"name": name, "scale": by, "offset": plus}})
    if isinstance(constants, Gestures):
        more = {"name": DEFINITION, "scale": as_listed(constants).tolist(), "offset": 0.0}
        layers.append({"class_name": "Rescaling", "config": more})
    return config


def keras_archive(weights: Weights, config: Any = None, hdf5_content: bytes | None = None) -> bytes:
    """``save("x.keras")`` of Keras 2.15 and 3."""
    file = io.BytesIO()
    if config is None:
        config = keras_config(weights) if weights.residual is None else residual_config(weights)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", hdf5_content or keras3_weights(weights, training=False))
    return file.getvalue()


LAYOUTS = {
    "keras2.h5": keras2_weights,
    "keras2-model.h5": keras2_model,
    "keras3.weights.h5": keras3_weights,
    "keras3-model.h5": keras3_model,
    "keras3.keras": keras_archive,
}


class _Part:
    """One subgraph of a file in the making."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self.graph = Subgraph()

    def tensor(self, shape: list[int], kind: int = 0, data: np.ndarray | None = None, name: str = "") -> int:
        self.file.model.buffers.append(Buffer(b"" if data is None else data.tobytes()))
        self.graph.tensors.append(Tensor(shape, kind, len(self.file.model.buffers) - 1, name))
        return len(self.graph.tensors) - 1

    def constant(self, value: Any, dtype: type = np.float32) -> int:
        array = np.ascontiguousarray(np.asarray(value, dtype))
        return self.tensor(list(array.shape), 2 if dtype is np.int32 else 0, array)

    def op(
        self,
        code: int,
        inputs: list[int],
        shapes: list[list[int]],
        options: Any = None,
        kind: int = 0,
        custom: str = "",
    ) -> list[int]:
        outputs = [self.tensor(shape, kind) for shape in shapes]
        self.graph.operators.append(Operator(self.file.code(code, custom), inputs, outputs, options))
        return outputs


class _File:
    def __init__(self) -> None:
        self.model = Model(3, [], [], "", [Buffer()])

    def code(self, code: int, custom: str) -> int:
        wanted = OperatorCode(min(code, 127), custom, 1, code)
        if wanted not in self.model.codes:
            self.model.codes.append(wanted)
        return self.model.codes.index(wanted)


def looped_tflite(
    weights: Weights, *, flex: bool = False, endless: bool = False, endless_at_half: bool = False
) -> bytes:
    """What TensorFlow's converter makes: each LSTM in a WHILE, no signature.

    ``flex``: sequences go through TensorFlow list operators that plain runtimes do not have. ``endless``: the first
    loop never ends. ``endless_at_half``: it never ends once x_1 is exactly 0.5.
    """
    file = _File()
    main = _Part(file)
    file.model.subgraphs.append(main.graph)
    units, dimension = weights.units, weights.dimension
    x = main.tensor([1, 1, dimension], name="inputs")
    states = [main.tensor([1, units], name=f"state_{p}_{i}") for i in range(len(weights.layers)) for p in "hc"]
    zero = main.constant(0, np.int32)
    outputs = []
    for i in range(len(weights.layers)):
        blank = main.constant(np.zeros((1, 1, units)))
        if flex:
            (blank,) = main.op(Op.CUSTOM, [zero], [[]], kind=14, custom="FlexTensorListReserve")
        body = _loop_body(file, weights, i, flex=flex, endless=endless, endless_at_half=endless_at_half and i == 0)
        inputs = [zero, states[2 * i], states[2 * i + 1], x, blank]
        shapes = [[], [1, units], [1, units], file.model.subgraphs[0].tensors[x].shape, [1, 1, units]]
        (_, h, c, _, x) = main.op(Op.WHILE, inputs, shapes, While(body - 1, body))
        main.graph.tensors[main.graph.operators[-1].outputs[0]].type = 2
        if flex:
            main.graph.tensors[x].type, main.graph.tensors[x].shape = 14, []
            (x,) = main.op(Op.CUSTOM, [x, zero], [[1, 1, units]], custom="FlexTensorListStack")
        outputs += [h, c]
    (last,) = main.op(Op.RESHAPE, [x, main.constant([1, units], np.int32)], [[1, units]])
    mu, z, logits = (
        main.op(Op.FULLY_CONNECTED, [last, main.constant(k.T), main.constant(b)], [[1, b.size]], FullyConnected())[0]
        for k, b in heads(weights)
    )
    width = weights.mixtures * dimension
    (elu,) = main.op(Op.ELU, [z], [[1, width]])
    (sigma,) = main.op(Op.ADD, [elu, main.constant(SIGMA_OFFSET)], [[1, width]], Add())
    (mixture,) = main.op(Op.CONCATENATION, [mu, sigma, logits], [[1, weights.mixture_bias.size]], Concatenation(-1))
    main.graph.inputs = [0, *states]
    main.graph.outputs = [mixture, *outputs]
    return flatbuffer.write(file.model, IDENTIFIER)


def _loop_body(file: _File, weights: Weights, i: int, *, flex: bool, endless: bool, endless_at_half: bool) -> int:
    """Adds condition and body for layer ``i``; returns the body's position."""
    layer, units = weights.layers[i], weights.units
    fan_in = layer.kernel.shape[0]
    shapes = [([], 2), ([1, units], 0), ([1, units], 0), ([1, 1, fan_in], 0), ([1, 1, units], 14 if flex else 0)]
    condition, body = _Part(file), _Part(file)
    file.model.subgraphs += [condition.graph, body.graph]
    for part in (condition, body):
        part.graph.inputs = [part.tensor(shape, kind) for shape, kind in shapes]
    condition.graph.outputs = condition.op(LESS, [0, condition.constant(1, np.int32)], [[]], kind=6)
    step, h, c, x, out = body.graph.inputs
    (flat,) = body.op(Op.RESHAPE, [x, body.constant([1, fan_in], np.int32)], [[1, fan_in]])
    more = body.constant(0 if endless else 1, np.int32)
    if endless_at_half:  # the step is | x_1 × 10 - 5 |, rounded up
        pick, middle = body.constant(np.eye(1, fan_in, 1)), body.constant([-5.0])
        (first,) = body.op(Op.FULLY_CONNECTED, [flat, pick, middle], [[1, 1]], FullyConnected())
        (first,) = body.op(ABS, [first], [[1, 1]])
        (up,) = body.op(CEIL, [first], [[1, 1]])
        (scalar,) = body.op(SQUEEZE, [up], [[]])
        (more,) = body.op(CAST, [scalar], [[]], kind=2)
    (after,) = body.op(Op.ADD, [step, more], [[]], Add(), kind=2)
    four, one = [1, 4 * units], [1, units]
    (a,) = body.op(Op.FULLY_CONNECTED, [h, body.constant(layer.recurrent.T), -1], [four], FullyConnected())
    (b,) = body.op(Op.FULLY_CONNECTED, [flat, body.constant(layer.kernel.T), -1], [four], FullyConnected())
    (ab,) = body.op(Op.ADD, [b, a], [four], Add())
    (z,) = body.op(Op.ADD, [ab, body.constant(layer.bias)], [four], Add())
    gates = body.op(Op.SPLIT, [body.constant(1, np.int32), z], [one] * 4, Split(4))
    ig, fg, og = (body.op(Op.LOGISTIC, [gates[n]], [one])[0] for n in (0, 1, 3))
    (candidate,) = body.op(Op.TANH, [gates[2]], [one])
    (kept,) = body.op(Op.MUL, [fg, c], [one], Multiply())
    (written,) = body.op(Op.MUL, [ig, candidate], [one], Multiply())
    (new_c,) = body.op(Op.ADD, [kept, written], [one], Add())
    (squashed,) = body.op(Op.TANH, [new_c], [one])
    (new_h,) = body.op(Op.MUL, [og, squashed], [one], Multiply())
    if flex:
        (sequence,) = body.op(Op.CUSTOM, [out, step, new_h], [[]], kind=14, custom="FlexTensorListSetItem")
    else:
        (sequence,) = body.op(Op.RESHAPE, [new_h, body.constant([1, 1, units], np.int32)], [[1, 1, units]])
    body.graph.outputs = [after, new_h, new_c, x, sequence]
    return len(file.model.subgraphs) - 1


def unusual(model: Any) -> None:
    """sigma = |z| + 1: of no network that is recognised."""
    for code in model.codes:
        if code.builtin == Op.ELU:
            code.builtin = code.old_builtin = ABS


def changed(content: bytes, change: Any) -> bytes:
    """A ``.tflite`` after ``change(model)``."""
    model = pickle.loads(_pickled(content))
    change(model)
    return flatbuffer.write(model, IDENTIFIER)


@lru_cache(maxsize=16)
def _pickled(content: bytes) -> bytes:
    """What is in a ``.tflite``, to be copied faster than it is read: many tests change one file again and again."""
    model = flatbuffer.read(Model, content, IDENTIFIER)
    for buffer in model.buffers:
        buffer.data = bytes(buffer.data)
    return pickle.dumps(model)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
