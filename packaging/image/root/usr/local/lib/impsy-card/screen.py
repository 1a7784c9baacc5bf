"""Shows on the console how to reach the page: its addresses, with the token, and the same as a code for phones.

It is drawn anew when an address comes or goes.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

TOKEN = Path("/etc/impsy/webui.env")
MISTAKES = (Path("/run/impsy-token/mistake"), Path("/run/impsy-wifi/mistake"))
PORT = 4000
USB = "usb0"
SETTLE_SECONDS = 0.5
"""Addresses often come in pairs; they are drawn together."""

CLEAR = "\x1b[2J\x1b[3J\x1b[H"
NOWHERE = """\
No network yet. Plug in a network cable, or the USB socket into a computer (Raspberry Pi 4, Zero 2 W), or put a file
wifi.txt on the boot partition of the card."""


def addresses(interfaces: list[dict[str, Any]]) -> list[str]:
    """The IPv4 addresses of what ``ip -json address`` lists; those that more machines reach come first."""
    found = [
        (each["local"].startswith("169.254."), interface["ifname"] == USB, each["local"])
        for interface in interfaces
        for each in interface.get("addr_info", ())
        if each.get("family") == "inet" and each.get("scope") in {"global", "link"}
    ]
    return [address for _own, _usb, address in sorted(found)]


def token(text: str) -> str:
    """The token of ``webui.env``, "" if there is none."""
    return next((line.partition("=")[2] for line in text.splitlines() if line.startswith("IMPSY_TOKEN=")), "")


def screen(host: str, hosts: list[str], word: str, mistakes: list[str], code: str) -> str:
    """All that is shown. ``code`` is drawn by :func:`drawn`."""
    lines = ["IMPSY", ""]
    if not hosts:
        lines.append(NOWHERE)
    else:
        lines += ["Open in a browser:", ""]
        lines += [f"  http://{each}:{PORT}/?token={word}" for each in (f"{host}.local", *hosts)]
        lines += ["", code.rstrip("\n"), "", f"OSC: /interface to UDP port 6000 of {host}.local, or of {hosts[0]}"]
    lines += ["", *mistakes] if mistakes else []
    return "\n".join([*lines, ""])


def drawn(text: str) -> str:
    """A QR code in half blocks, "" where it cannot be drawn."""
    command = ["/usr/bin/qrencode", "-t", "UTF8", "-m", "2", "-o", "-", text]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def draw() -> None:
    listed = subprocess.run(["/usr/bin/ip", "-json", "address", "show", "up"], capture_output=True, check=True).stdout
    hosts = addresses(json.loads(listed or b"[]"))
    word = token(TOKEN.read_text(encoding="ascii")) if TOKEN.is_file() else ""
    mistakes = [each.read_text(encoding="utf-8").strip() for each in MISTAKES if each.is_file()]
    code = drawn(f"http://{hosts[0]}:{PORT}/?token={word}") if hosts else ""
    host = Path("/etc/hostname").read_text(encoding="ascii").strip()
    sys.stdout.write(CLEAR + screen(host, hosts, word, mistakes, code))
    sys.stdout.flush()


def main() -> None:
    command = ["/usr/bin/ip", "monitor", "address", "link"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as changes:
        assert changes.stdout is not None
        while True:
            draw()
            if not changes.stdout.read(4096):
                return
            while select.select([changes.stdout], [], [], SETTLE_SECONDS)[0]:
                if not changes.stdout.read(4096):
                    return


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    main()
