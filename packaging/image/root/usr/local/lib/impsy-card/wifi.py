"""Makes wpa_supplicant's configuration of wifi.txt on the boot partition: wifi.py WIFI.TXT CONFIGURATION."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KEYS = ("name", "password", "country")
MISTAKE = Path("/run/impsy-wifi/mistake")
"""What the screen shows, if wifi.txt cannot be used."""


class WifiError(Exception):
    """What is wrong in wifi.txt, where, and what to do."""


@dataclass
class Network:
    name: str
    password: str = ""


def read(data: bytes) -> tuple[str, list[Network]]:
    """The country ("" if none is given) and the networks; ``name`` begins a network. Raises WifiError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WifiError("wifi.txt: save it as UTF-8 text") from None
    country, networks = "", []
    for number, line in enumerate(text.splitlines(), 1):
        key, equals, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key = key.lower()
        if not equals or key not in KEYS:
            raise WifiError(f"wifi.txt, line {number}: write name = …, password = … or country = …")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            raise WifiError(f"wifi.txt, line {number}: control characters cannot be used")
        if key == "country":
            if not re.fullmatch(r"[A-Za-z]{2}", value):
                raise WifiError(f"wifi.txt, line {number}: a country is two letters, such as GB")
            country = value.upper()
        elif key == "name":
            if not 1 <= len(value.encode()) <= 32:
                raise WifiError(f"wifi.txt, line {number}: a network's name has 1 to 32 bytes")
            networks.append(Network(value))
        elif not networks:
            raise WifiError(f"wifi.txt, line {number}: write the network's name above its password")
        else:
            if not re.fullmatch(r"[ -~]{8,63}|[0-9A-Fa-f]{64}|", value):
                raise WifiError(f"wifi.txt, line {number}: a password has 8 to 63 letters, digits or signs of ASCII")
            networks[-1].password = value
    if not networks:
        raise WifiError("wifi.txt: write the network's name, as name = My network")
    return country, networks


def configuration(country: str, networks: list[Network]) -> str:
    """For wpa_supplicant; the first network that is in reach is preferred."""
    lines = [f"country={country}"] if country else []
    for place, network in enumerate(networks):
        lines += ["network={", f"  ssid={network.name.encode().hex()}", "  scan_ssid=1"]
        lines.append(f"  priority={len(networks) - place}")
        if not network.password:
            lines.append("  key_mgmt=NONE")
        elif len(network.password) == 64:
            lines.append(f"  psk={network.password}")
        else:
            lines.append(f'  psk="{network.password}"')
        lines.append("}")
    return "\n".join([*lines, ""])


def main(source: str, target: str) -> int:
    MISTAKE.unlink(missing_ok=True)
    try:
        text = configuration(*read(Path(source).read_bytes()[:65536]))
    except WifiError as error:
        MISTAKE.write_text(f"{error}\n", encoding="utf-8")
        print(error, file=sys.stderr)
        screens = ["getty@tty1.service", "serial-getty@*.service"]
        subprocess.run(["/usr/bin/systemctl", "try-restart", "--no-block", *screens], check=False)
        return 1
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
