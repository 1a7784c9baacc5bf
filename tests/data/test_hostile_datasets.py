"""Datasets that were made to do harm, or that are damaged: refused, and nothing in them runs."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from dataset_files import npy, npz, object_array, playing
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import examples
from impsy.data.datasets import Dataset, read_dataset, write_dataset
from impsy.errors import DataError
from waiting import if_idle

EXAMPLES = examples(400)


class Runs:
    """When it is unpickled, this is called."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Stateful:
    """When it is unpickled, its state is set."""

    def __init__(self, path):
        self.path = path

    def __reduce_ex__(self, protocol):
        return object_array, ([],), {"anything": Runs(os.system, f"touch {self.path}")}


def touch(path: Path) -> Runs:
    return Runs(os.system, f"touch {path}")


def hostile(path: Path):
    """Ways to hide a call in an array of arrays."""
    events = playing((5,)).events
    return {
        "instead": touch(path),
        "item": object_array([events, touch(path)]),
        "nested": object_array([events, object_array([[touch(path)]])]),
        "deep": object_array([object_array([object_array([{"a": (1, [touch(path)])}])])]),
        "eval": object_array([Runs(eval, f"open({str(path)!r}, 'w')")]),
        "exec": object_array([Runs(exec, f"open({str(path)!r}, 'w')")]),
        "subprocess": object_array([Runs(subprocess.check_call, ["touch", str(path)])]),
        "argument": object_array([Runs(np.frombuffer, touch(path))]),
        "state": object_array([Stateful(path)]),
        "load": object_array([Runs(np.load, str(path))]),
        "write": object_array([Runs(open, str(path), "w")]),
    }


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", list(hostile(Path())))
@pytest.mark.slow
def test_what_would_run_code_is_refused_and_runs_nothing(tmp_path, name, protocol):
    canary = tmp_path / "canary"
    content = pickle.dumps(hostile(canary)[name], protocol=protocol)
    path = npz(tmp_path / "bad.npz", perfs=npy(np.empty(2, object), pickled=content))
    with pytest.raises(DataError, match=r"bad\.npz"):
        read_dataset(path)
    assert not canary.exists()


def test_the_same_file_does_run_code_in_numpy(tmp_path):
    """So that the test above would notice."""
    canary = tmp_path / "canary"
    path = npz(tmp_path / "bad.npz", perfs=npy(hostile(canary)["item"]))
    with np.load(path, allow_pickle=True) as archive:
        assert archive["perfs"].shape == (2,)
    assert canary.exists()


def test_what_it_asked_for_is_named_and_to_be_feared(tmp_path):
    path = npz(tmp_path / "bad.npz", perfs=npy(hostile(tmp_path / "canary")["item"]))
    with pytest.raises(
        DataError, match=r"asks to run '(posix|nt)\.system', .* may be meant to do harm; nothing was run"
    ):
        read_dataset(path)


def test_a_call_is_refused_though_nothing_is_made_of_it(tmp_path):
    """The dangerous part may stand anywhere, not only in what is used."""
    canary = tmp_path / "canary"
    good = pickle.dumps(object_array(playing().performances), protocol=3)
    system = f"cos\nsystem\nX{struct.pack('<I', len(f'touch {canary}')).decode('latin1')}touch {canary}\x85R0".encode(
        "latin1"
    )
    path = npz(tmp_path / "bad.npz", perfs=npy(np.empty(3, object), pickled=good[:2] + system + good[2:]))
    with pytest.raises(DataError):
        read_dataset(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    "opcode", [b"i", b"o", b"\x81", b"\x92", b"P", b"Q", b"\x82\x01", b"}s", b"0", b"2", b"\x97"]
)
def test_opcodes_that_arrays_do_not_need_are_refused(tmp_path, opcode):
    good = pickle.dumps(object_array(playing().performances), protocol=3)
    path = npz(tmp_path / "bad.npz", perfs=npy(np.empty(3, object), pickled=good[:2] + opcode + good[2:]))
    with pytest.raises(DataError, match="more than arrays"):
        read_dataset(path)


def array_of(shape, content, code=b"f4", kind=b"cnumpy\ndtype\n"):
    """The opcodes of an array with this state; all may be nonsense."""
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01"
        + shape
        + kind
        + b"X"
        + struct.pack("<I", len(code))
        + code
        + b"\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"
        + content
        + b"tb"
    )


def text(content):
    """An opcode with this text."""
    return b"X" + struct.pack("<I", len(content)) + content


def encoded(content, times):
    """One text, from which bytes are made this often."""
    call = b"q\x00" + text(b"latin1") + b"q\x01c_codecs\nencode\nq\x02("
    return b"\x80\x02" + text(content) + call + b"h\x02h\x00h\x01\x86R" * times + b"t."


HUGE = b"\x8a\x0f" + b"\xff" * 14 + b"\x7f"
BOMBS = {
    "memo": lambda: b"\x80\x03Nr\xff\xff\xff\x7f.",
    "bytes4": lambda: b"\x80\x03B\xff\xff\xff\xffabc.",
    "bytes8": lambda: b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
    "text8": lambda: b"\x80\x04\x8d" + struct.pack("<Q", (1 << 64) - 1) + b"abc.",
    "frame": lambda: b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
    "huge shape": lambda: b"\x80\x03" + array_of(HUGE + b"\x85", b"]") + b".",
    "huge item": lambda: (
        b"\x80\x03" + array_of(b"K\x01\x85", b"](" + array_of(HUGE + HUGE + b"\x86", b"C\x00") + b"e") + b"."
    ),
    "said often": lambda: (
        b"\x80\x03"
        + array_of(
            b"K\x01\x85",
            b"]("
            + array_of(b"M\x00\xfaK\x04\x86", b"B" + struct.pack("<I", 1 << 20) + b"\0" * (1 << 20))
            + b"q\x01"
            + b"h\x01" * 60_000
            + b"e",
        )
        + b"."
    ),
    "lists": lambda: b"\x80\x03" + b"]" * 20_000_000 + b".",
    "numbers": lambda: b"\x80\x03(" + (b"G" + b"\0" * 8) * 20_000_000 + b"t.",
    "deep": lambda: b"\x80\x03N" + b"\x85" * 3_000_000 + b".",
    "itself": lambda: b"\x80\x03" + array_of(b"K\x01\x85", b"]q\x01(h\x01e") + b".",
    "marks": lambda: b"\x80\x03" + b"(" * 3_000_000 + b".",
    "never ends": lambda: b"\x80\x03" + b"N" * 5_000_000,
    "memo within": lambda: b"\x80\x03Nr\xff\xff\x3f\0.",
    "lists within": lambda: b"\x80\x03(" + b"]" * 7_000_000 + b"t.",
    "tuples within": lambda: b"\x80\x03(" + b"N\x85" * 3_500_000 + b"t.",
    "empty texts": lambda: b"\x80\x04(" + b"\x8c\0" * 3_900_000 + b"t.",
    "numbers within": lambda: b"\x80\x03(" + (b"G" + b"\0" * 8) * 15_000_000 + b"t.",
    "buffers": lambda: b"\x80\x05(" + (b"\x96" + b"\0" * 8) * 800_000 + b"t.",
    "encoded again and again": lambda: encoded(b"a" * (50 << 20), 60),
    "a short one encoded very often": lambda: encoded(b"a" * 1000, 1_000_000),
    "four bytes a character": lambda: b"\x80\x02" + text(b"a" * (55 << 20) + "\U0001f600".encode()) + b".",
    "many arrays": lambda: b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\0(" + b"h\0)R" * 900_000 + b"t.",
    "long numbers": lambda: b"\x80\x02(" + (b"\x8a\x09" + b"\x11" * 9) * 3_000_000 + b"t.",
    "by turns": lambda: b"\x80\x02(" + (b"NG" + b"\0" * 8) * 4_000_000 + b"t.",
}


ONE, TWO = npy(np.zeros((2, 3), np.float32)), npy(np.array([2]))
ARRAYS = {
    "lengths of one byte": lambda: {"events": ONE, "lengths": npy(np.zeros(60 << 20, np.uint8))},
    "lengths": lambda: {"events": ONE, "lengths": npy(np.zeros(7 << 20, np.int64))},
    "names": lambda: {"events": ONE, "lengths": TWO, "names": npy(np.zeros(14 << 20, "U1"))},
    "notes": lambda: {"events": ONE, "lengths": TWO, "notes": npy(np.zeros(60 << 20, np.int8))},
    "performances of one event": lambda: {"perfs": npy(np.zeros((7 << 20, 1, 2), np.float32))},
}


@pytest.mark.parametrize("name", [*BOMBS, *ARRAYS])
@pytest.mark.slow
def test_memory_bombs_are_refused_in_little_time_and_memory(tmp_path, name):
    members = ARRAYS[name]() if name in ARRAYS else {"perfs": npy(np.empty(1, object), pickled=BOMBS[name]())}
    path = npz(tmp_path / "bad.npz", **members)
    program = (
        "import sys, time; from pathlib import Path; from impsy.data.datasets import read_dataset\n"
        "from impsy.errors import DataError; began = time.process_time()\n"
        "most = lambda: int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
        "before = most()\n"
        "try: read_dataset(Path(sys.argv[1]))\n"
        "except DataError as error:\n"
        "  print((most() - before) // 1024, time.process_time() - began, error)"
    )
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not say how much memory a process had")
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    megabytes, seconds, message = done.stdout.split(" ", 2)
    assert "bad.npz" in message
    assert len(message) < 1000
    assert int(megabytes) < 300
    assert if_idle(float(seconds)) < 3


def test_a_shape_of_thousands_of_digits_is_refused_in_a_sentence(tmp_path):
    sides = b"(" + (b"\x8a\xff" + b"\x7f" * 255) * 20 + b"t"
    content = b"\x80\x03" + array_of(b"K\x01\x85", b"](" + array_of(sides, b"C\x00") + b"e") + b"."
    with pytest.raises(DataError, match="no sound shape"):
        read_dataset(npz(tmp_path / "bad.npz", perfs=npy(np.empty(1, object), pickled=content)))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"9" * 4000 + b", " + b"9" * 4000 + b"), }\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with pytest.raises(DataError, match="header"):
        read_dataset(npz(tmp_path / "bad.npz", events=content, lengths=TWO))


@pytest.mark.slow
def test_an_archive_that_would_fill_the_memory_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("perfs.npy", "w") as member:
        for _ in range(200):
            member.write(b"\0" * (1 << 20))
    assert path.stat().st_size < 1 << 20
    began = time.monotonic()
    with pytest.raises(DataError, match="would be 209,715,200 bytes"):
        read_dataset(path)
    assert if_idle(time.monotonic() - began) < 1


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path):
    path = npz(tmp_path / "some.npz", perfs=npy(np.zeros((2, 3, 3), np.float32)))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 24
    (size,) = struct.unpack_from("<I", content, at)
    for lie in (size - 4, size + 4, 0):
        struct.pack_into("<I", content, at, lie)
        path.write_bytes(content)
        with pytest.raises(DataError):
            read_dataset(path)


def test_headers_that_are_programs_are_not_evaluated(tmp_path):
    for header in (b"{'descr': __import__('os').system('touch x'), }\n", b"{" * 9000 + b"\n", b"'" * 50 + b"\n"):
        content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        with pytest.raises(DataError, match="header"):
            read_dataset(npz(tmp_path / "bad.npz", events=content, lengths=npy(np.zeros(1, np.int64))))


def test_what_arrays_hold_is_not_taken_for_opcodes(tmp_path):
    """The opcodes are checked before they are run: both must find the same ones."""
    for fill in (b"i", b".", b"cos\nsystem\n(", b"G", b"\x8e", b"\n"):
        events = np.frombuffer((fill * 400)[:400], np.float32)
        good = np.where(np.isfinite(events), events, 0).reshape(-1, 2)
        for protocol in (2, 3, 4, 5):
            pickled = pickle.dumps(object_array([good, good[:3], good[:0]]), protocol=protocol)
            read = read_dataset(npz(tmp_path / "some.npz", perfs=npy(np.empty(3, object), pickled=pickled)))
            assert read.lengths.tolist() == [50, 3, 0]
            assert np.array_equal(read.events[:50, 1], good[:, 1].clip(0, 1))


@given(st.integers(0, 11), st.sampled_from([2, 3, 4, 5]), st.binary(max_size=12), st.booleans())
@settings(max_examples=EXAMPLES)
@pytest.mark.slow
def test_pickles_of_arrays_with_something_put_in(tmp_path_factory, seed, protocol, inserted, cut):
    path = tmp_path_factory.getbasetemp() / "random.npz"
    content = pickle.dumps(object_array(playing((3, 0, 4), seed=seed).performances), protocol=protocol)
    place = Random(seed + len(inserted)).randrange(2, len(content))
    content = content[:place] + inserted + content[place + len(inserted) * cut :]
    assert survives(npz(path, perfs=npy(np.empty(3, object), pickled=content))) is not None


@pytest.mark.parametrize("bit", range(16))
def test_members_with_flags_that_zip_files_may_have(tmp_path, bit):
    path = npz(tmp_path / "some.npz", perfs=npy(np.zeros((2, 3, 3), np.float32)))
    content = bytearray(path.read_bytes())
    for place in (6, content.index(b"PK\x01\x02") + 8):
        content[place + bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    assert survives(path) is not None


# --- damaged files -------------------------------------------------------------------------------------------------


def files() -> dict[str, bytes]:
    dataset = playing((9, 0, 12))
    same = np.array([each.copy() for each in playing((4, 4)).performances], dtype=object)
    return {
        "plain": npy(dataset.events),
        "pickled": npy(object_array(dataset.performances)),
        "single": npy(same),
    }


def survives(path: Path) -> bool | None:
    """Whether it could be read; None if that was refused without a name. Any other error goes through."""
    try:
        read = read_dataset(path)
    except DataError as error:
        return False if str(path) in str(error) else None
    assert isinstance(read, Dataset)
    assert np.isfinite(read.events).all()
    assert read.events.min(initial=0) >= 0
    assert read.events[:, 1:].max(initial=0) <= 1
    return True


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("form", list(files()))
@pytest.mark.slow
def test_damaged_arrays(tmp_path, form):
    content = files()[form]
    lengths = npy(np.array([9, 0, 12]))
    outcomes = set()
    for seed in range(EXAMPLES):
        random = Random(seed)
        data = bytearray(content)
        if random.random() < 0.15:
            data = data[: random.randrange(len(data))]
        else:
            for _ in range(random.choice((1, 2, 8, 32))):
                place = random.randrange(min(len(data), 1 << random.randrange(6, 12)))
                data[place] = random.choice(
                    (0, 1, 0x7F, 0x80, 0xFF, ord("."), ord("R"), data[place] ^ (1 << random.randrange(8)))
                )
        members = {"events": bytes(data), "lengths": lengths} if form == "plain" else {"perfs": bytes(data)}
        outcomes.add(survives(npz(tmp_path / "some.npz", **members)))
    assert outcomes == {True, False}


@pytest.mark.slow
def test_damaged_archives(tmp_path):
    path = tmp_path / "some.npz"
    write_dataset(path, playing((9, 0, 12)))
    content = path.read_bytes()
    outcomes = set()
    for seed in range(EXAMPLES):
        random = Random(seed)
        data = bytearray(content)
        for _ in range(random.choice((1, 2, 8))):
            place = random.choice(
                (random.randrange(len(data)), len(data) - 1 - random.randrange(300), random.randrange(60))
            )
            data[place] = random.choice((0, 1, 0x7F, 0xFF, data[place] ^ (1 << random.randrange(8))))
        path.write_bytes(data)
        outcomes.add(survives(path))
    assert outcomes == {True, False}


opcodes = st.sampled_from(
    [bytes([code]) for code in b"KMJGXBCqrhjN)(t]aecRb.\x80\x95\x8a\x8c\x8d\x8e\x96\x94\x88\x89\x85\x86\x87\x93"]
    + [
        b"cnumpy\ndtype\n",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cnumpy\nndarray\n",
        b"C\x01b",
        b"K\0\x85",
        b"X\x02\0\0\0f4",
    ]
    + [
        array_of(b"K\x01K\x02\x86", b"C\x08\0\0\0\0\0\0\x80?"),
        array_of(b"K\x01\x85", b"]"),
        b"c_codecs\nencode\n",
        b"X\x06\0\0\0latin1",
    ]
)


@settings(max_examples=EXAMPLES)
@given(st.lists(opcodes | st.binary(max_size=9), max_size=25))
@pytest.mark.slow
def test_programs_at_random(tmp_path_factory, pieces):
    path = tmp_path_factory.getbasetemp() / "random.npz"
    content = b"\x80\x03" + b"".join(pieces) + b"."
    assert survives(npz(path, perfs=npy(np.empty(1, object), pickled=content))) is not None


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=300))
@pytest.mark.slow
def test_random_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "random.npz"
    path.write_bytes(content)
    assert survives(path) is False
    assert survives(npz(path, perfs=b"\x93NUMPY\x01\x00" + content)) is False


@pytest.mark.parametrize(("number", "why"), [(0x3FFFFF, "not an array of arrays"), (0x400000, "more than arrays")])
def test_the_memo_is_only_so_long(tmp_path, number, why):
    """The unpickler makes room for as many entries as the number says."""
    content = npy(np.empty(1, object), pickled=b"\x80\x03Nr" + struct.pack("<I", number) + b".")
    with pytest.raises(DataError, match=why):
        read_dataset(npz(tmp_path / "bad.npz", perfs=content))


def test_one_content_that_many_arrays_refer_to_is_not_made_for_each(tmp_path):
    size = 64_000 * 4 * 4  # as its shape says, else it would be refused for that
    one = array_of(b"M\x00\xfaK\x04\x86", b"B" + struct.pack("<I", size) + bytes(size))
    content = b"\x80\x03" + array_of(b"K\x01\x85", b"](" + one + b"q\x01" + b"h\x01" * 999 + b"e") + b"."
    with pytest.raises(DataError, match="says that it holds more than it does"):
        read_dataset(npz(tmp_path / "bad.npz", perfs=npy(np.empty(1000, object), pickled=content)))
