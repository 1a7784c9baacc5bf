"""Finding the network inside a ``.tflite`` file.

Converters shape the same network in many ways: LSTM cells unrolled or inside WHILE loops, TensorFlow list
operations that no plain runtime has, weights in int8 or float16, names of every kind. So names are not used.
What is looked for is the arithmetic: a split into four gates and what becomes of them, fed by two products with
constant matrices; and, at an output, a concatenation of mu, elu(z) + 1 + 1e-7, and logits. That is how networks of
the architecture ``plain`` are found; others only IMPSY writes, and :mod:`impsy.models.tflite.own` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.limits import Budget
from impsy.models.architectures import FloatArray
from impsy.models.tflite import flatbuffer
from impsy.models.tflite.constants import UnknownNetworkError, constant
from impsy.models.tflite.own import claimed_architecture, facts_of, read_own, scale_note
from impsy.models.tflite.schema import IDENTIFIER, Model, Op, Operator, Subgraph, Tensor, While
from impsy.models.weights import SIGMA_OFFSET, LSTMLayer, Weights

__all__ = ["UnknownNetworkError", "parse", "read_facts", "read_scale_note", "read_tflite"]

_DEPTH = 24
"""How far an expression is followed; hostile graphs may go round in circles."""
_EXPRESSIONS = 1000
"""How many parts the expressions of one graph may have, looked at one by one; each gate has about five."""
_OPERATORS = 2000
"""How many operators a file may have that is searched for a network; released 3-layer models have about 150."""
_SHAPE_ONLY = frozenset(
    {
        Op.RESHAPE,
        Op.SQUEEZE,
        Op.EXPAND_DIMS,
        Op.TRANSPOSE,
        Op.STRIDED_SLICE,
        Op.SLICE,
        Op.GATHER,
        Op.UNPACK,
        Op.CUSTOM,  # TensorFlow's lists of one element
    }
)
"""Operators that, for one step of one sequence, only say how the same numbers lie."""


def parse(content: bytes) -> Model:
    """The flatbuffer in ``content``, checked; raises ModelError if it is damaged."""
    model = flatbuffer.read(Model, content, IDENTIFIER)
    # Many tensors can stand for the same bytes, and one can be read for each operator.
    model.budget = Budget.of_file(len(content), UnknownNetworkError)
    return model


def read_tflite(content: bytes) -> Weights:
    """The weights of the network in a ``.tflite`` file's ``content``.

    Weights stored as int8 or float16 come back as the float32 that they stand for.

    Raises ModelError if the file is damaged, UnknownNetworkError (a ModelError) if it is sound but holds
    something else than a mixture-density LSTM network.
    """
    model = parse(content)
    if not model.subgraphs:
        raise ModelError("it holds no graph")
    if sum(len(graph.operators) for graph in model.subgraphs) > _OPERATORS:
        raise UnknownNetworkError("it is far more complex than such a network")
    architecture = claimed_architecture(model)
    if architecture is not None and architecture != "plain":
        return read_own(model, architecture, len(content))
    main = _Graph(model, model.subgraphs[0])
    cells = _find_cells(model, main)
    if not cells:
        raise UnknownNetworkError("no LSTM layer can be recognised in it")
    mixture, dimension, spread = _find_mixture(main, cells[-1])
    layers = tuple(_layer(main, cells[i - 1] if i else None, cell) for i, cell in enumerate(cells))
    try:
        return Weights(dimension, layers, _as_kernel(mixture.weights), mixture.bias, spread=spread)
    except ModelError as error:
        raise UnknownNetworkError(str(error)) from error


def read_scale_note(content: bytes) -> dict[str, Any]:
    """What a ``.tflite`` file says of its scale, see :func:`impsy.models.tflite.own.scale_note`.

    Raises ModelError if the file is damaged.
    """
    return scale_note(parse(content))


def read_facts(content: bytes) -> dict[str, Any]:
    """What the maker of a ``.tflite`` file wants to be known of it; empty if nothing.

    Raises ModelError if the file is damaged.
    """
    return facts_of(parse(content))


@dataclass(frozen=True)
class _Term:
    """One product of an affine expression: ``source @ weights.T``."""

    weights: FloatArray
    source: int


@dataclass(frozen=True)
class _Affine:
    """A sum of products and a bias."""

    terms: tuple[_Term, ...]
    bias: FloatArray | None

    def rows(self, first: int, count: int) -> _Affine:
        """The same for ``count`` of the outputs."""
        if any(term.weights.shape[0] < first + count for term in self.terms):
            raise UnknownNetworkError("a split in it is wider than what it splits")
        span = slice(first, first + count)
        terms = tuple(_Term(term.weights[span], term.source) for term in self.terms)
        return _Affine(terms, self.bias if self.bias is None or self.bias.size == 1 else self.bias[span])


@dataclass(frozen=True)
class _Cell:
    """An LSTM cell as found: positions are tensors of ``graph``; ``loop`` is the WHILE that it is the body of."""

    graph: _Graph
    gates: _Affine
    cell_state: int
    output: int
    loop: Operator | None


@dataclass(frozen=True)
class _Dense:
    """The weights (outputs, inputs) and biases of a dense layer."""

    weights: FloatArray
    bias: FloatArray


class _Graph:
    """A subgraph with its operators indexed by what they make and what they take."""

    def __init__(self, model: Model, subgraph: Subgraph) -> None:
        self.model = model
        self.subgraph = subgraph
        self.producer: dict[int, Operator] = {}
        self.consumers: dict[int, list[Operator]] = {}
        self.expressions = _EXPRESSIONS
        for operator in subgraph.operators:
            for tensor in operator.outputs:
                self.producer[tensor] = operator
            for tensor in operator.inputs:
                self.consumers.setdefault(tensor, []).append(operator)

    def code(self, operator: Operator) -> int:
        if operator.code >= len(self.model.codes):
            raise ModelError("an operation in it has no code (damaged)")
        code = self.model.codes[operator.code]
        return max(code.builtin, code.old_builtin)

    def tensor(self, index: int) -> Tensor:
        if not 0 <= index < len(self.subgraph.tensors):
            raise ModelError("an operation in it refers to a tensor that is not there (damaged)")
        return self.subgraph.tensors[index]

    def constant(self, index: int) -> FloatArray | None:
        """The value of a constant tensor of weights, dequantised; None if it is not one."""
        made_by = self.producer.get(index)
        if made_by is not None and self.code(made_by) == Op.DEQUANTIZE and len(made_by.inputs) == 1:
            index = made_by.inputs[0]
            made_by = self.producer.get(index)
        if made_by is not None:
            return None
        return constant(self.model, self.tensor(index))

    def affine(self, index: int, depth: int = _DEPTH) -> _Affine:
        """Tensor ``index`` as a sum of products with constant matrices and of constants."""
        self.expressions -= 1
        if depth == 0 or self.expressions < 0:
            raise UnknownNetworkError("an expression in it is too long")
        constant = self.constant(index)
        if constant is not None:
            return _Affine((), constant.reshape(-1))
        operator = self.producer.get(index)
        code = None if operator is None else self.code(operator)
        if operator is None or not operator.inputs or getattr(operator.options, "activation", 0) != 0:
            raise UnknownNetworkError("a gate in it is not a sum of products")
        if code == Op.FULLY_CONNECTED and len(operator.inputs) >= 2:
            return self.fully_connected(operator)
        if code == Op.ADD and len(operator.inputs) == 2:
            left, right = (self.affine(part, depth - 1) for part in operator.inputs)
            return _Affine(left.terms + right.terms, _sum(left.bias, right.bias))
        if code in (Op.RESHAPE, Op.SQUEEZE):
            return self.affine(operator.inputs[0], depth - 1)
        if code == Op.SPLIT_V:
            sizes = [self.tensor(output).shape[-1:] for output in operator.outputs]
            position = operator.outputs.index(index)
            first = sum(size[0] for size in sizes[:position] if size)
            count = sizes[position][0] if sizes[position] else 0
            return self.affine(operator.inputs[0], depth - 1).rows(first, count)
        raise UnknownNetworkError("a gate in it is not a sum of products")

    def fully_connected(self, operator: Operator) -> _Affine:
        source, matrix, *rest = operator.inputs
        weights = self.constant(matrix)
        bias = self.constant(rest[0]) if rest and rest[0] >= 0 else None
        if weights is None or weights.ndim != 2 or (rest and rest[0] >= 0 and bias is None):
            raise UnknownNetworkError("a product in it is not with constant weights")
        return _Affine((_Term(weights, source),), None if bias is None else bias.reshape(-1))

    def origin(self, index: int) -> int:
        """The tensor that ``index`` is a mere rearrangement of."""
        for _ in range(_DEPTH):
            operator = self.producer.get(index)
            if operator is None or self.code(operator) not in _SHAPE_ONLY or not operator.inputs:
                break
            index = operator.inputs[0]
        return index

    def sole(self, code: Op, *inputs: int) -> int | None:
        """The output of the operator ``code`` (without activation) that takes exactly ``inputs``, in any order."""
        for operator in self.consumers.get(inputs[0], ()):
            if (
                self.code(operator) == code
                and sorted(operator.inputs) == sorted(inputs)
                and getattr(operator.options, "activation", 0) == 0
                and operator.outputs
            ):
                return operator.outputs[0]
        return None


def _sum(left: FloatArray | None, right: FloatArray | None) -> FloatArray | None:
    if left is None or right is None:
        return right if left is None else left
    if left.size != right.size and 1 not in (left.size, right.size):
        raise UnknownNetworkError("it adds biases of different lengths")
    with np.errstate(all="ignore"):
        return left + right


def _find_cells(model: Model, main: _Graph) -> list[_Cell]:
    """All LSTM cells, in the order in which the main graph runs them."""
    cells = []
    for operator in main.subgraph.operators:
        code = main.code(operator)
        if code == Op.SPLIT:
            cells.append(_match_cell(main, operator, None))
        elif code == Op.WHILE and isinstance(operator.options, While):
            if not 0 < operator.options.body < len(model.subgraphs):
                raise ModelError("a loop in it has no body (damaged)")
            body = _Graph(model, model.subgraphs[operator.options.body])
            splits = [inner for inner in body.subgraph.operators if body.code(inner) == Op.SPLIT]
            cells += [_match_cell(body, split, operator) for split in splits]
    return [cell for cell in cells if cell is not None]


def _match_cell(graph: _Graph, split: Operator, loop: Operator | None) -> _Cell | None:
    """The cell whose gates ``split`` separates; None if what becomes of them is not an LSTM's arithmetic."""
    if len(split.outputs) != 4 or len(split.inputs) != 2:
        return None
    activations = (Op.LOGISTIC, Op.LOGISTIC, Op.TANH, Op.LOGISTIC)
    gates = [graph.sole(code, part) for code, part in zip(activations, split.outputs, strict=True)]
    i, f, g, o = gates
    if i is None or f is None or g is None or o is None:
        return None
    written = graph.sole(Op.MUL, i, g)
    for operator in graph.consumers.get(f, ()):
        others = [tensor for tensor in operator.inputs if tensor != f]
        kept = graph.sole(Op.MUL, f, others[0]) if len(others) == 1 else None
        state = graph.sole(Op.ADD, kept, written) if kept is not None and written is not None else None
        squashed = graph.sole(Op.TANH, state) if state is not None else None
        output = graph.sole(Op.MUL, o, squashed) if squashed is not None else None
        if output is not None:
            return _Cell(graph, graph.affine(split.inputs[1]), others[0], output, loop)
    return None


def _outside(main: _Graph, cell: _Cell, index: int) -> int:
    """The tensor of the main graph that the cell's tensor ``index`` comes from."""
    origin = cell.graph.origin(index)
    if cell.loop is None:
        return origin
    arguments = cell.graph.subgraph.inputs
    if origin not in arguments or arguments.index(origin) >= len(cell.loop.inputs):
        raise UnknownNetworkError("a loop in it reads something else than its state and its input")
    return main.origin(cell.loop.inputs[arguments.index(origin)])


def _is_output_of(main: _Graph, cell: _Cell, index: int) -> bool:
    """Whether the main graph's tensor ``index`` is what ``cell`` gives."""
    index = main.origin(index)
    return index == cell.output if cell.loop is None else index in cell.loop.outputs


def _layer(main: _Graph, previous: _Cell | None, cell: _Cell) -> LSTMLayer:
    """The cell's weights; the recurrent product is the one whose input is a state."""
    terms = {_outside(main, cell, term.source): term.weights for term in cell.gates.terms}
    if len(cell.gates.terms) != 2 or len(terms) != 2:
        raise UnknownNetworkError("an LSTM cell in it is not fed by its input and its state alone")
    inputs = main.subgraph.inputs

    def feeds(index: int) -> bool:
        if previous is None:
            return index in inputs and len(main.tensor(index).shape) == 3
        return _is_output_of(main, previous, index)

    fed = [index for index in terms if feeds(index)]
    states = [index for index in terms if index in inputs and index not in fed]
    if len(fed) != 1 or len(states) != 1 or _outside(main, cell, cell.cell_state) not in inputs:
        raise UnknownNetworkError("its LSTM layers are not stacked one on another")
    kernel = _as_kernel(terms[fed[0]])
    bias = cell.gates.bias if cell.gates.bias is not None else np.zeros(kernel.shape[1], np.float32)
    return LSTMLayer(kernel, _as_kernel(terms[states[0]]), bias)


def _find_mixture(main: _Graph, last: _Cell) -> tuple[_Dense, int, float]:
    """The dense layer behind the mixture's parameters, the dimension D, and what multiplies the sigmas."""
    for index in main.subgraph.outputs:
        operator = main.producer.get(index)
        if operator is not None and main.code(operator) == Op.CONCATENATION and len(operator.inputs) == 3:
            mu, sigma, logits = operator.inputs
            sigma, spread = _without_spread(main, sigma)
            parts = [main.affine(mu), main.affine(_before_elu(main, sigma)), main.affine(logits)]
            break
    else:
        raise UnknownNetworkError("no mixture of Gaussians can be recognised among its outputs")
    for part in parts:
        if len(part.terms) != 1 or not _is_output_of(main, last, part.terms[0].source):
            raise UnknownNetworkError("its mixture is not computed from the last LSTM layer")
    rows = [part.terms[0].weights.shape[0] for part in parts]
    if (
        rows[0] != rows[1]
        or not rows[2]
        or rows[0] % rows[2]
        or len({p.terms[0].weights.shape[1] for p in parts}) > 1
    ):
        raise UnknownNetworkError(f"its outputs have widths {rows}, which no mixture has")
    biases = [
        np.zeros(count, np.float32) if part.bias is None else part.bias
        for part, count in zip(parts, rows, strict=True)
    ]
    weights = np.concatenate([part.terms[0].weights for part in parts])
    return _Dense(weights, np.concatenate(biases)), rows[0] // rows[2], spread


def _without_spread(main: _Graph, sigma: int) -> tuple[int, float]:
    """(sigma, its factor) where one number multiplies all of it, else as it is."""
    product = main.producer.get(sigma)
    if product is not None and main.code(product) == Op.MUL and len(product.inputs) == 2:
        for value, constant in (product.inputs, product.inputs[::-1]):
            factor = main.constant(constant)
            if factor is not None and factor.size == 1 and getattr(product.options, "activation", 0) == 0:
                return value, float(factor.reshape(-1)[0])
    return sigma, 1.0


def _before_elu(main: _Graph, sigma: int) -> int:
    """z, where ``sigma`` = elu(z) + 1 + 1e-7."""
    add = main.producer.get(sigma)
    if add is not None and main.code(add) == Op.ADD and len(add.inputs) == 2:
        for value, constant in (add.inputs, add.inputs[::-1]):
            offset = main.constant(constant)
            elu = main.producer.get(value)
            if offset is None or elu is None or main.code(elu) != Op.ELU or not elu.inputs:
                continue
            if np.all(np.abs(offset - SIGMA_OFFSET) < 1e-6):
                return elu.inputs[0]
    raise UnknownNetworkError("its sigmas are not elu(z) + 1 + 1e-7")


def _as_kernel(weights: FloatArray) -> FloatArray:
    """(outputs, inputs) as TensorFlow Lite keeps it -> (inputs, outputs) as Keras does."""
    return np.ascontiguousarray(weights.T)
