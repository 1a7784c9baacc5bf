"""What we write, Google's own reader reads the same."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as official
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import looped_tflite, small_weights

from impsy.errors import ModelError
from impsy.models.tflite import flatbuffer
from impsy.models.tflite.schema import (
    IDENTIFIER,
    Add,
    Buffer,
    Concatenation,
    FullyConnected,
    Metadata,
    Model,
    Operator,
    OperatorCode,
    Quantization,
    Signature,
    Split,
    Subgraph,
    Subtract,
    Tensor,
    TensorMap,
    While,
)
from impsy.models.tflite.write import encode_tflite

names = st.text(max_size=12)
int32 = st.integers(-(2**31), 2**31 - 1)
uint32 = st.integers(0, 2**32 - 1)
int8 = st.integers(-128, 127)
few = {"max_size": 4}

quantizations = st.builds(
    Quantization, st.lists(st.floats(width=32, allow_nan=False), **few), st.lists(st.integers(-9, 9), **few), int32
)
tensors = st.builds(Tensor, st.lists(int32, **few), int8, uint32, names, st.none() | quantizations, st.booleans())
options = st.one_of(
    st.none(),
    st.builds(FullyConnected, int8, int8, st.booleans(), st.booleans()),
    st.builds(Concatenation, int32, int8),
    st.builds(Add, int8),
    st.builds(Subtract, int8),
    st.builds(Split, int32),
    st.builds(While, int32, int32),
)
operators = st.builds(Operator, uint32, st.lists(int32, **few), st.lists(int32, **few), options)
subgraphs = st.builds(
    Subgraph,
    st.lists(tensors, **few),
    st.lists(int32, **few),
    st.lists(int32, **few),
    st.lists(operators, **few),
    names,
)
codes = st.builds(OperatorCode, int8, names, int32, int32)
maps = st.builds(TensorMap, names, uint32)
signatures = st.builds(Signature, st.lists(maps, **few), st.lists(maps, **few), names, uint32)
models = st.builds(
    Model,
    uint32,
    st.lists(codes, **few),
    st.lists(subgraphs, max_size=2),
    names,
    st.lists(st.builds(Buffer, st.binary(max_size=40)), **few),
    st.lists(st.builds(Metadata, names, uint32), **few),
    st.lists(signatures, max_size=2),
)


@given(models)
@pytest.mark.slow
def test_what_is_written_is_read_back(model: Model) -> None:
    assert flatbuffer.read(Model, flatbuffer.write(model, IDENTIFIER), IDENTIFIER) == model


def plain(vector) -> list:
    return [] if vector is None else np.asarray(vector).tolist()


@settings(max_examples=50)
@given(models)
@pytest.mark.slow
def test_the_official_reader_reads_the_same(model: Model) -> None:
    theirs = official.ModelT.InitFromPackedBuf(flatbuffer.write(model, IDENTIFIER), 0)
    assert theirs.version == model.version
    assert [bytes(b.data if b.data is not None else b"") for b in theirs.buffers or ()] == [
        bytes(b.data) for b in model.buffers
    ]
    assert [((entry.name or b"").decode(), entry.buffer) for entry in theirs.metadata or ()] == [
        (entry.name, entry.buffer) for entry in model.metadata
    ]
    for mine, other in zip(model.subgraphs, theirs.subgraphs or (), strict=True):
        assert (mine.inputs, mine.outputs) == (plain(other.inputs), plain(other.outputs))
        for tensor, their in zip(mine.tensors, other.tensors or (), strict=True):
            assert (tensor.shape, tensor.type, tensor.buffer) == (plain(their.shape), their.type, their.buffer)
            assert (their.name or b"").decode() == tensor.name
            if tensor.quantization is not None:
                assert plain(their.quantization.scale) == tensor.quantization.scale
                assert their.quantization.quantizedDimension == tensor.quantization.axis
        for operator, their in zip(mine.operators, other.operators or (), strict=True):
            assert (operator.inputs, operator.outputs) == (plain(their.inputs), plain(their.outputs))
            if isinstance(operator.options, FullyConnected):
                assert their.builtinOptions.fusedActivationFunction == operator.options.activation
                assert their.builtinOptions.keepNumDims == operator.options.keep_num_dims
            if isinstance(operator.options, Subtract):
                assert type(their.builtinOptions).__name__ == "SubOptionsT"
                assert their.builtinOptions.fusedActivationFunction == operator.options.activation
            if isinstance(operator.options, While):
                assert their.builtinOptions.bodySubgraphIndex == operator.options.body


def test_constants_are_aligned_for_the_runtime() -> None:
    content = encode_tflite(small_weights())
    model = flatbuffer.read(Model, content, IDENTIFIER)
    filled = [bytes(buffer.data) for buffer in model.buffers if len(buffer.data) >= 64]
    assert filled
    assert all(content.index(data) % 16 == 0 for data in filled)


@pytest.mark.slow
def test_a_list_that_refers_to_one_thing_again_and_again_is_refused() -> None:
    """A small file whose graphs are all the same one, whose tensors are all the same one."""
    model = Model(3, subgraphs=[Subgraph([Tensor(name="t")] * 2000)] * 1)
    content = bytearray(flatbuffer.write(model, IDENTIFIER))
    one = flatbuffer.read(Model, bytes(content), IDENTIFIER)
    assert len(one.subgraphs[0].tensors) == 2000
    root = int.from_bytes(content[:4], "little")
    vtable = root - int.from_bytes(content[root : root + 4], "little", signed=True)
    field = root + int.from_bytes(content[vtable + 8 : vtable + 10], "little")
    vector = field + int.from_bytes(content[field : field + 4], "little")
    graph = vector + 4 + int.from_bytes(content[vector + 4 : vector + 8], "little")
    del content[vector + 4 :]
    copies = 2000
    content[vector : vector + 4] = copies.to_bytes(4, "little")
    body = flatbuffer.write(model, IDENTIFIER)[vector + 8 :]
    shift = 4 * copies - 4
    content += b"".join((graph + shift - vector - 4 - 4 * i).to_bytes(4, "little") for i in range(copies)) + body
    with pytest.raises(ModelError, match="complex"):
        flatbuffer.read(Model, bytes(content), IDENTIFIER)


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b"\0\0\0\0TFL2", b"\xff\xff\xff\xffTFL3", b"\x10\0\0\0TFL3"])
def test_stumps_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        flatbuffer.read(Model, content, IDENTIFIER)


def test_looped_files_survive_rewriting() -> None:
    content = looped_tflite(small_weights())
    model = flatbuffer.read(Model, content, IDENTIFIER)
    assert len(model.subgraphs) == 5
    assert flatbuffer.write(model, IDENTIFIER) == content
