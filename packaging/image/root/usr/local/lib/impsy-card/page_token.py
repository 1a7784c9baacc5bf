"""Makes the token of this card's page at the first start: page_token.py FOLDER BOOT-PARTITION

It has 80 random bits, in digits and letters that are hard to confuse (Crockford's base 32). A file token.txt on the
boot partition sets another: for machines without a screen.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
VARIABLE = "IMPSY_TOKEN"
MISTAKE = Path("/run/impsy-token/mistake")
"""What the screen shows, if token.txt cannot be used."""


def chosen(file: Path) -> str:
    """The token of ``token.txt``, "" if there is no such file. Raises ValueError with what to do."""
    if not file.is_file():
        return ""
    word = file.read_bytes()[:4096].decode("utf-8-sig", "replace").strip()
    if not re.fullmatch(r"[A-Za-z0-9_.~+-]{12,64}", word):
        raise ValueError("token.txt: write one word of 12 to 64 letters, digits or - _ . ~ +")
    return word


def made() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def keep(folder: Path, word: str) -> None:
    """Write it so that after a power cut the file is whole."""
    new = folder / "webui.env.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(f"{VARIABLE}={word}\n")
        file.flush()
        os.fsync(file.fileno())
    new.rename(folder / "webui.env")
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def main(folder: Path, boot: Path) -> None:
    word = ""
    try:
        word = chosen(boot / "token.txt")
    except ValueError as error:
        MISTAKE.parent.mkdir(exist_ok=True)
        MISTAKE.write_text(f"{error}\n", encoding="utf-8")
    kept = folder / "webui.env"
    before = kept.read_text(encoding="ascii").strip() if kept.is_file() else ""
    if word and before != f"{VARIABLE}={word}":
        keep(folder, word)
    elif not before:
        keep(folder, made())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
