"""Boots an image in QEMU as a card that was just written, plays, cuts the power in mid recording, and boots it again.

``python packaging/image/try.py IMAGE FOLDER``, with qemu-system-aarch64, mtools, fdisk and the ``dev`` extra. The
machine is QEMU's, not a Raspberry Pi: it has the image's kernel, initrd and partitions, but other devices, and the
firmware does not run. The serial logs and a picture of the page are left in FOLDER. Takes ten minutes or more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pythonosc.udp_client import SimpleUDPClient

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.browser import browsing, free_tcp_port

BOOT_SECONDS, PAGE_SECONDS, SESSION_SECONDS, ANSWER_SECONDS, USB_SECONDS = 900, 300, 600, 60, 120
CARD_MIB = 4096
BOOT_OFFSET = "4M"
CONTROLS = 8
RATE = 20
STEPS = 10_000
"""An event's number is its value in steps of 1 / STEPS."""

LOST_SECONDS = 1.0
"""What a cut may take away of a recording."""

ADDRESS = re.compile(r"http://[\d.]+:4000/\?token=([\w-]+)")
MISTAKES = ("Kernel panic", "emergency mode", "Dependency failed", "You are in rescue mode")


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


class Machine:
    """One boot of the card. In its network this side is 10.55.0.2, as a computer at the USB socket would be."""

    def __init__(self, card: Path, folder: Path, name: str, append: str = "", net: str = "10.55.0") -> None:
        self.log = folder / f"serial-{name}.txt"
        self.page_port, self.osc_port = free_tcp_port(), free_tcp_port()
        self.token = ""
        command = kernel_of(card, folder)
        network = (
            f"user,id=net,net={net}.0/24,host={net}.2,dhcpstart={net}.15,"
            f"hostfwd=tcp:127.0.0.1:{self.page_port}-:4000,hostfwd=udp:127.0.0.1:{self.osc_port}-:6000"
        )
        command[-1] += f" {append}"
        command += ["-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "1024", "-nographic", "-no-reboot"]
        command += ["-drive", f"file={card},if=virtio,format=raw,cache=writethrough", "-device", "virtio-rng-pci"]
        command += ["-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile="]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        self.started = time.monotonic()

    def cut(self) -> None:
        """Pull the plug."""
        self._process.kill()
        self._process.wait(30)

    def serial(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until_shown(self) -> None:
        """Wait until the console shows an address with its token."""
        while (found := ADDRESS.findall(self.serial())) == []:
            wrong = next((each for each in MISTAKES if each in self.serial()), None)
            if wrong or self._process.poll() is not None or time.monotonic() - self.started > BOOT_SECONDS:
                sys.exit(f"it did not boot ({wrong or 'no address on the console'}): see {self.log}")
            time.sleep(0.5)
        self.token = found[-1]
        say(f"the console shows the address after {time.monotonic() - self.started:.0f} s")

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.page_port}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if "json" in answer.headers["Content-Type"] else content.decode()

    def until_playing(self) -> None:
        """Wait until the page says that the session runs."""
        end, last = time.monotonic() + SESSION_SECONDS, "the page does not answer"
        while time.monotonic() < end:
            try:
                last = self.ask("/api/session")["status"]
            except OSError:
                time.sleep(1)
                continue
            if last == "running":
                say(f"the page says that the session runs, after {time.monotonic() - self.started:.0f} s")
                return
            time.sleep(1)
        sys.exit(f"the session does not run: {last}")

    def until_usb(self) -> tuple[bool, bool, str]:
        """Wait for the other end of the USB socket; whether network card and MIDI device are there, and all ports."""
        end = time.monotonic() + USB_SECONDS
        while True:
            network, ports = "http://10.55.0.1:4000" in self.serial(), json.dumps(self.ask("/api/devices")["midi"])
            if (network and "IMPSY" in ports) or time.monotonic() > end:
                return network, "IMPSY" in ports, ports
            time.sleep(2)


def kernel_of(card: Path, folder: Path) -> list[str]:
    """QEMU with kernel, initrd and command line of the card's boot partition; the console is QEMU's serial port."""
    boot = folder / "boot"
    shutil.rmtree(boot, ignore_errors=True)
    boot.mkdir()
    subprocess.run(["mcopy", "-s", "-i", f"{card}@@{BOOT_OFFSET}", "::*", f"{boot}/"], check=True)
    settings = (boot / "config.txt").read_text(encoding="utf-8")
    kernel, initrd = re.search(r"^kernel=(\S+)", settings, re.M), re.search(r"^initramfs (\S+)", settings, re.M)
    if kernel is None or initrd is None:
        sys.exit("config.txt names no kernel or no initramfs")
    words = (boot / "cmdline.txt").read_text(encoding="utf-8").split()
    words = [word for word in words if not word.startswith(("console=", "quiet", "loglevel="))]
    # The machine has no screen: what tty1 would show is shown on its serial port.
    append = " ".join([*words, "console=ttyAMA0", "systemd.show_status=true"])
    return [
        "qemu-system-aarch64",
        "-kernel",
        f"{boot / kernel[1]}",
        "-initrd",
        f"{boot / initrd[1]}",
        "-append",
        append,
    ]


@contextmanager
def answers() -> Iterator[socket.socket]:
    """What the card sends to port 6001 of the computer at its USB socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 6001))
        receiver.settimeout(0.5)
        yield receiver


def play(machine: Machine, first: int, count: int) -> None:
    performer = SimpleUDPClient("127.0.0.1", machine.osc_port)
    for number in range(first, first + count):
        performer.send_message("/interface", [number / STEPS] * CONTROLS)
        time.sleep(1 / RATE)


def check_answers(machine: Machine, first: int) -> None:
    """A phrase in, predictions out."""
    with answers() as receiver:
        play(machine, first, 40)
        count, end = 0, time.monotonic() + ANSWER_SECONDS
        while count < 5 and time.monotonic() < end:
            try:
                count += receiver.recv(4096).startswith(b"/prediction\0")
            except TimeoutError:
                continue
    counters = machine.ask("/api/session")["state"]["counters"]
    say(f"OSC: 40 events sent, {counters['heard']} heard, {count} answers counted")
    if count == 0:
        sys.exit("no answer came out")


def photograph(machine: Machine, target: Path) -> None:
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"http://127.0.0.1:{machine.page_port}/?token={machine.token}", timeout=PAGE_SECONDS * 1000)
        page.wait_for_selector("main", timeout=PAGE_SECONDS * 1000)
        page.wait_for_timeout(10_000)
        page.screenshot(path=str(target))
    say(f"the page, photographed: {target}")


def last_recorded(machine: Machine, first: int) -> int:
    """The highest number, from ``first`` on, that any take has of what was played."""
    highest = -1
    for take in machine.ask("/api/takes"):
        for line in machine.ask(f"/api/takes/{take['name']}/file").splitlines():
            fields = line.split(",")
            if len(fields) == CONTROLS + 2 and fields[1] == "interface":
                highest = max(highest, round(float(fields[2]) * STEPS))
    return highest if highest >= first else -1


def grown(card: Path) -> str:
    """The partitions, from their table."""
    table = json.loads(subprocess.run(["sfdisk", "--json", card], check=True, capture_output=True).stdout)
    sizes = [part["size"] * 512 >> 20 for part in table["partitiontable"]["partitions"]]
    if sum(sizes) < CARD_MIB - 8:
        sys.exit(f"the data partition did not grow: {sizes} MiB")
    return f"partitions of {sizes} MiB on a card of {CARD_MIB} MiB"


def there(found: bool) -> str:
    return "there" if found else "missing"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("image", type=Path)
    options.add_argument("folder", type=Path)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    card = chosen.folder / "card.img"
    subprocess.run(["cp", "--sparse=always", chosen.image, card], check=True)
    os.truncate(card, CARD_MIB << 20)

    machine = Machine(card, chosen.folder, "first")
    try:
        machine.until_shown()
        machine.until_playing()
        check_answers(machine, 1)
        photograph(machine, chosen.folder / "page.png")
        say("a recording of 30 s begins")
        play(machine, 1001, 30 * RATE)
    finally:
        machine.cut()
    last = 1000 + 30 * RATE
    say(f"the power is cut while it records, after event {last}")
    say(grown(card))

    token = machine.token
    machine = Machine(card, chosen.folder, "second")
    try:
        machine.until_shown()
        machine.until_playing()
        if machine.token != token:
            sys.exit("the token changed")
        found = last_recorded(machine, 1001)
        lost = (last - found) / RATE
        say(f"the take has events up to {found}: {lost:.2f} s are lost")
        if found < 0 or lost > LOST_SECONDS:
            sys.exit(f"more than {LOST_SECONDS} s of the take are lost")
        check_answers(machine, 5001)
    finally:
        machine.cut()

    # A USB socket in the kernel alone, whose other end is the same machine.
    machine = Machine(card, chosen.folder, "usb", "modules_load=dummy_hcd", "10.0.2")
    try:
        machine.until_shown()
        machine.until_playing()
        network, midi, ports = machine.until_usb()
        say(f"USB: network card {there(network)}, MIDI device {there(midi)}")
        if not network or not midi:
            sys.exit(f"the USB socket is no network card and MIDI device: {ports}")
    finally:
        machine.cut()
    say("it holds")


if __name__ == "__main__":
    main()
