"""Opening a page in the user's browser, where there is one to see it in."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser

__all__ = ["has_desktop", "open_page"]

_IN_A_TERMINAL = ("www-browser", "lynx", "links", "elinks", "w3m", "browsh", "carbonyl")
"""Browsers that would take over the terminal."""


def has_desktop() -> bool:
    """Whether windows can be opened here."""
    if sys.platform in {"win32", "darwin"}:
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str) -> None:
    """Open the page in a browser with windows, if there is one. Returns at once."""
    threading.Thread(target=_open, args=(url,), name="impsy browser", daemon=True).start()


def _open(url: str) -> None:
    try:
        browser = webbrowser.get()
        name = os.path.basename(str(getattr(browser, "name", "")))
        if not name.startswith(_IN_A_TERMINAL):
            browser.open(url)
    except (webbrowser.Error, OSError):  # the address is on the screen
        return
