"""How the processes of a distributed training find each other."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.errors import ConfigError
from impsy.training.distributed.meeting import meet
from ports import free_port
from waiting import if_idle, wait_until


def go_on():
    return False


def meeting(tasks, processes=None, seconds=10.0, indices=None):
    """What became of each process that comes: None, or the error's text."""
    coordinator = f"127.0.0.1:{free_port()}"
    count = len(tasks) if processes is None else processes
    with ThreadPoolExecutor(len(tasks)) as pool:
        came: list[Future[None]] = [
            pool.submit(meet, coordinator, count, index, task, seconds=seconds, stop=go_on)
            for index, task in zip(indices or range(len(tasks)), tasks, strict=True)
        ]
        errors = [each.exception(timeout=30) for each in came]
    assert all(error is None or isinstance(error, ConfigError) for error in errors)
    return [None if error is None else str(error) for error in errors]


@pytest.mark.parametrize("processes", [2, 4])
def test_all_come(processes):
    assert meeting(["the same"] * processes) == [None] * processes


def test_who_has_another_task_is_named_to_all():
    told = meeting(["this", "this", "that"])
    assert told[0] == told[2]
    assert "process 2 has other data" in told[0]
    assert "--index" in told[0]


def test_who_does_not_come_is_named_to_those_who_did():
    began = time.monotonic()
    told = meeting(["task", "task"], processes=4, seconds=1.0)
    assert if_idle(time.monotonic() - began) < 8
    assert told[0] == told[1]
    assert "of 4 processes, those with --index 2, 3 did not come within 1 seconds" in told[0]


@pytest.mark.slow
def test_one_index_twice():
    told = meeting(["task"] * 3, indices=[0, 1, 1], seconds=3.0)
    assert "two processes have --index 1" in told[0]


def test_nobody_is_at_the_coordinator():
    coordinator = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConfigError, match=r"process 0 does not answer at 127.0.0.1:\d+ \(Connection refused\)"):
        meet(coordinator, 2, 1, "task", seconds=0.5, stop=go_on)


def test_a_coordinator_without_an_address():
    with pytest.raises(ConfigError, match=r"process 0 does not answer at nowhere.invalid:4100"):
        meet("nowhere.invalid:4100", 2, 1, "task", seconds=0.1, stop=go_on)


def test_a_port_in_use():
    with socket.create_server(("", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} of --coordinator cannot be used"):
            meet(f"127.0.0.1:{port}", 2, 0, "task", seconds=1.0, stop=go_on)


@pytest.mark.parametrize("index", [0, 1])
def test_ctrl_c_while_waiting(index):
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        meet(f"127.0.0.1:{free_port()}", 2, index, "task", seconds=20, stop=lambda: time.monotonic() > began + 0.3)
    assert if_idle(time.monotonic() - began) < 5


def test_a_stranger_at_the_port_of_process_0():
    """What listens there greets as something else would."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            with contextlib.suppress(OSError):
                while True:
                    visitor, _ = server.accept()
                    with visitor:
                        visitor.sendall(b"220 mail.example ready\n")

        threading.Thread(target=greet, daemon=True).start()
        coordinator = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConfigError, match="something else listens there"):
            meet(coordinator, 2, 1, "task", seconds=0.5, stop=go_on)
        server.shutdown(socket.SHUT_RDWR)


lines = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"{}", b"[]", b"null", b'{"index": 1}', b'{"index": true, "processes": 2, "task": "task"}']),
    st.just(b"[" * 5000),
)


@settings(max_examples=25)
@given(st.lists(lines, max_size=3))
def test_strangers_are_not_heard(said):
    """Whatever else connects and speaks, the processes find each other."""
    port = free_port()
    with ThreadPoolExecutor(2) as pool:
        host = pool.submit(meet, f"127.0.0.1:{port}", 2, 0, "task", seconds=20, stop=go_on)
        for line in said:
            with _connected(port) as stranger, contextlib.suppress(OSError):
                stranger.sendall(line + b"\n")
        visitor = pool.submit(meet, f"127.0.0.1:{port}", 2, 1, "task", seconds=20, stop=go_on)
        assert (host.result(timeout=30), visitor.result(timeout=30)) == (None, None)


def _connected(port):
    def connection():
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except ConnectionRefusedError:
            return None

    return wait_until(connection)
