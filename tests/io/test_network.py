"""Host names, where to listen, and what cannot be sent: with real sockets."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time

import pytest

from impsy.codecs.osc import encode_vector
from impsy.errors import DeviceError
from impsy.events import Interaction
from impsy.io import OscAdapter
from impsy.io.network import Outlet, bound, is_localhost, resolve
from waiting import if_idle, wait_until


def udp(ip, port=0):
    made = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(2)
    made.bind((ip, port))
    return made


def silent(one):
    """Whether nothing comes in."""
    one.settimeout(0.05)
    try:
        one.recv(1000)
    except TimeoutError:
        return True
    return False


# --- names ------------------------------------------------------------------------------------------------

NAMES = ("localhost", "LOCALHOST", "localhost.", "impsy.localhost")


@pytest.mark.parametrize("name", NAMES)
def test_localhost_is_every_loopback_address_ipv4_first(name, loopbacks):
    assert is_localhost(name)
    assert [address[:2] for _family, address in resolve(name, 6000)] == [(ip, 6000) for ip in loopbacks]


def test_other_names_are_one_address_of_their_own():
    assert not is_localhost("localhost.example.org")
    assert resolve("127.0.0.1", 6000) == [(socket.AF_INET, ("127.0.0.1", 6000))]
    assert resolve("::1", 6000)[0][1][:2] == ("::1", 6000)


class NoIpv6(socket.socket):
    """As on a system without IPv6: the kind of socket does not exist, or it does and the address does not."""

    missing = errno.EAFNOSUPPORT

    def __init__(self, family=-1, *rest, **more):
        if family == socket.AF_INET6 and self.missing == errno.EAFNOSUPPORT:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        super().__init__(family, *rest, **more)

    def bind(self, address):
        if self.family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        super().bind(address)


@pytest.mark.parametrize("missing", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
def test_where_ipv6_is_switched_off_localhost_is_ipv4(missing, monkeypatch):
    monkeypatch.setattr(NoIpv6, "missing", missing)
    monkeypatch.setattr(socket, "socket", NoIpv6)
    assert [address for _family, address in resolve("localhost", 6000)] == [("127.0.0.1", 6000)]
    with bound("localhost", 0, socket.SOCK_DGRAM) as (only,):
        port = only.getsockname()[1]
        only.settimeout(2)
        outlet = Outlet("localhost", port)
        outlet.open()
        outlet.send(b"hello")
        outlet.close()
        assert only.recv(100) == b"hello"


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_system_whose_loopback_has_no_ipv6_plays_over_localhost():
    code = (
        "import socket, subprocess\n"
        "subprocess.run('ip link set lo up; ip -6 addr flush dev lo', shell=True, check=True)\n"
        "from impsy.io.network import Outlet, bound, resolve\n"
        "print([address[0] for _family, address in resolve('localhost', 1)])\n"
        "with bound('localhost', 0, socket.SOCK_DGRAM) as sockets:\n"
        "    outlet = Outlet('localhost', sockets[0].getsockname()[1])\n"
        "    outlet.open()\n"
        "    outlet.send(b'hello')\n"
        "    print(sockets[0].recv(100))\n"
    )
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode and "unshare" in done.stderr and os.environ.get("IMPSY_REQUIRE_PEERS") != "1":
        pytest.skip("this machine permits no network namespace")
    assert done.stdout.splitlines() == ["['127.0.0.1']", "b'hello'"], done.stderr


# --- listening --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_localhost_is_bound_at_one_port_everywhere(kind, loopbacks):
    for _ in range(20):
        with bound("localhost", 0, kind) as sockets:
            assert [one.getsockname()[0] for one in sockets] == list(loopbacks)
            assert len({one.getsockname()[1] for one in sockets}) == 1


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_is_taken_at_either_address_is_refused_and_named(kind, loopbacks):
    for ip in loopbacks:
        with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind) as other:
            other.bind((ip, 0))
            if kind == socket.SOCK_STREAM:
                other.listen()
            port = other.getsockname()[1]
            with pytest.raises(OSError, match="in use") as caught, bound("localhost", port, kind):
                pass
            assert caught.value.errno == errno.EADDRINUSE
            assert len(loopbacks) == 1 or ip in str(caught.value)
        with bound("localhost", port, kind) as sockets:  # and nothing of the attempt is left
            assert len(sockets) == len(loopbacks)


class Stage:
    def __init__(self, ip="127.0.0.1", client="127.0.0.1", client_port=9):
        self.events, self.reports = [], []
        self.adapter = OscAdapter(ip, 0, client, client_port, 2, ["/prediction"])
        self.adapter.open(self.events.append, self.reports.append)

    @property
    def port(self):
        wait_until(lambda: self.adapter.listener.udp.address is not None)
        return self.adapter.listener.udp.address[1]

    def errors(self):
        return [report.text for report in self.reports if report.level != "info"]


def test_osc_is_heard_at_each_address_of_localhost(loopbacks):
    stage = Stage(ip="localhost")
    for count, ip in enumerate(loopbacks, 1):
        with udp(ip) as sender:
            sender.sendto(encode_vector("/interface", (0.25, 0.5)), (ip, stage.port))
            wait_until(lambda: stage.events)
            assert stage.events == [Interaction((0.25, 0.5), "osc")]
            stage.events.clear()
            sender.sendto(b"rubbish", (ip, stage.port))
            wait_until(lambda count=count: stage.adapter.health()[0].bad == count)
    assert f"listening on {' and '.join(loopbacks)} port" in stage.adapter.health()[0].detail
    before = time.monotonic()
    stage.adapter.close()
    assert if_idle(time.monotonic() - before) < 0.4


# --- sending ----------------------------------------------------------------------------------------------


def test_what_goes_to_localhost_reaches_a_listener_at_either_address_once(loopbacks):
    for ip in loopbacks:
        with udp(ip) as listener:
            stage = Stage(client="localhost", client_port=listener.getsockname()[1])
            wait_until(lambda made=stage: made.adapter.health()[1].state == "open")
            for _ in range(5):
                stage.adapter.send((0.75, 1.0))
                assert listener.recv(1000) == encode_vector("/prediction", (0.75, 1.0))
            assert silent(listener)
            assert stage.errors() == []
            stage.adapter.close()


def test_a_listener_at_both_addresses_hears_each_message_once():
    with bound("localhost", 0, socket.SOCK_DGRAM) as listeners:
        outlet = Outlet("localhost", listeners[0].getsockname()[1])
        outlet.open()
        outlet.send(b"hello")
        listeners[0].settimeout(2)
        assert listeners[0].recv(100) == b"hello"
        assert all(map(silent, listeners))
        outlet.close()


def test_a_listener_that_goes_and_comes_back_at_another_address_is_found(loopbacks):
    with udp("127.0.0.1") as first:
        port = first.getsockname()[1]
        outlet = Outlet("localhost", port)
        outlet.open()
        outlet.send(b"one")
        assert first.recv(100) == b"one"
    outlet.send(b"lost")  # nobody listens, and that is no error
    outlet.send(b"lost")
    for ip in (*reversed(loopbacks), *loopbacks):
        with udp(ip, port) as again:
            outlet.send(b"two")
            assert again.recv(100) == b"two"
    outlet.close()


REFUSED = {
    "255.255.255.255": ("broadcast", 6001),
    "no-such-host.invalid": ("correct the name", 6001),
    "two..dots": ("correct the name", 6001),
    "127.0.0.1": ("port 0", 0),
    "localhost": ("port 0", 0),
}


@pytest.mark.parametrize("host", REFUSED)
def test_an_address_that_nothing_can_be_sent_to_is_reported_once_with_its_remedy(host):
    words, port = REFUSED[host]
    stage = Stage(client=host, client_port=port)
    wait_until(stage.errors)
    for _ in range(3):
        stage.adapter.send((0.5, 0.5))
    (text,) = stage.errors()
    assert words in text
    assert text.startswith("osc out: ")
    health = stage.adapter.health()[1]
    assert (health.state, health.failed, health.sent) == ("waiting", 3, 0)
    assert words in health.error
    stage.adapter.close()


REASONS = (
    errno.EACCES, errno.EPERM, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL,
    errno.EAFNOSUPPORT, errno.EINVAL, errno.EMSGSIZE, errno.ENOBUFS, errno.EAGAIN, errno.EIO,
)  # fmt: skip


class Refusing(socket.socket):
    """A system that refuses each datagram."""

    reason = 0

    def sendto(self, *_arguments):
        raise OSError(self.reason, "the system's reason")


@pytest.mark.parametrize("reason", REASONS, ids=errno.errorcode.get)
def test_each_reason_of_a_system_is_reported_once_with_a_remedy(reason, monkeypatch):
    stage = Stage()
    wait_until(lambda: stage.adapter.health()[1].state == "open")
    monkeypatch.setattr(Refusing, "reason", reason)
    outlet = stage.adapter._sender.outlet
    outlet.close()
    monkeypatch.setattr(socket, "socket", Refusing)
    outlet.open()
    for _ in range(3):
        stage.adapter.send((0.5, 0.5))
    (text,) = stage.errors()
    before, remedy = text.rsplit(": ", 1)
    assert "127.0.0.1 port 9" in before
    assert "the system's reason" in before
    assert remedy[0].isupper() or remedy[0].islower()
    assert len(remedy.split()) > 3
    assert stage.adapter.health()[1].failed == 3
    stage.adapter.close()


@pytest.mark.parametrize("reason", [errno.EACCES, errno.ENETUNREACH, errno.EAFNOSUPPORT])
def test_what_can_be_known_before_sending_is_said_then(reason, monkeypatch):
    class NoWay(socket.socket):
        def connect(self, _address):
            raise OSError(reason, "the system's reason")

    monkeypatch.setattr(socket, "socket", NoWay)
    with pytest.raises(DeviceError, match=r"192\.0\.2\.1 port 9 \(the system's reason\): \S"):
        Outlet("192.0.2.1", 9).open()
