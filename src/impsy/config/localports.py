"""The local ports by which a performance and its page talk, where the configuration names none: those that are free.

Each side takes the usual port unless another program has it. The session says in its state where it listens; the page
says it in a file of the workspace. So the two of one workspace find each other, whoever starts first, and those of
another workspace on the same machine play beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from impsy.config.loading import LoadedConfig
from impsy.config.schema import Config, WebuiConfig
from impsy.files import read_regular

__all__ = ["PAGE_FILE", "USUAL", "named_ports", "page_says", "where_the_page_listens"]

USUAL = WebuiConfig()
"""Where both are first looked for."""

PAGE_FILE = Path(".impsy") / "page.json"
"""In the workspace: which process serves its page, and where that listens. It ends with the process."""

_LARGEST = 4096


def named_ports(config: Config) -> tuple[int | None, int | None]:
    """Monitor port and command port, as the configuration names them; None: it leaves that one open."""
    webui = config.webui
    if webui is None:
        return None, None
    monitor = webui.monitor_port if "monitor_port" in webui.model_fields_set else None
    return monitor, webui.command_port if "command_port" in webui.model_fields_set else None


def page_says(folder: Path) -> dict[str, int]:
    """The numbers in the file of the page that works in this folder; empty where there is none, or it is damaged."""
    try:
        said = json.loads(read_regular(folder / PAGE_FILE, _LARGEST, root=folder))
        return {str(key): int(value) for key, value in said.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def where_the_page_listens(loaded: LoadedConfig) -> Callable[[], int]:
    """A function that returns the monitor port: it may be asked again, as a page may be started later."""
    named, _ = named_ports(loaded.config)
    if named is not None:
        return lambda: named
    folders = loaded.folders()

    def look() -> int:
        said = (page_says(folder).get("monitor_port", 0) for folder in folders)
        return next((port for port in said if 1024 <= port <= 65_535), USUAL.monitor_port)

    return look
