"""What keeps time comes first, and only while it plays."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading

import pytest

from impsy.perform.priority import realtime_priority, responsive_interpreter
from impsy.processes import ask

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")


def policy_of_a_thread() -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
    thread.start()
    thread.join()
    return found[0]


def test_all_that_is_started_comes_first_and_then_no_more():
    before = os.sched_getscheduler(0)
    with realtime_priority() as permitted:
        assert policy_of_a_thread() == (os.SCHED_RR if permitted else before)
    assert os.sched_getscheduler(0) == before
    assert policy_of_a_thread() == before


@pytest.mark.slow
def test_without_permission_it_goes_on_as_usual():
    """RLIMIT_RTPRIO 0, and no privilege: as most users have it."""
    program = """if True:
        import os, resource
        from impsy.perform.priority import realtime_priority, responsive_interpreter
        resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
        if os.getuid() == 0:
            os.setuid(65534)
        with realtime_priority() as permitted:
            print(permitted, os.sched_getscheduler(0) == os.SCHED_OTHER)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr


def test_opening_strangers_files_does_not_come_first():
    program = "import os; from impsy.processes import serve; "
    program += "serve(lambda _: str(os.sched_getscheduler(0)).encode(), memory=4 << 30)"
    with realtime_priority():
        assert int(ask(["-c", program], b"", seconds=30, niceness=0)) == os.SCHED_OTHER


@pytest.mark.slow
def test_the_interpreter_is_set_up_for_playing_and_then_as_before():
    interval, frozen = sys.getswitchinterval(), gc.get_freeze_count()
    with responsive_interpreter():
        assert sys.getswitchinterval() == pytest.approx(0.0005)
        assert gc.get_freeze_count() > frozen
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (interval, 0)
