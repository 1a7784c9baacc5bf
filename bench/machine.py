"""What a figure depends on besides the program: the machine, and what else it was doing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

__all__ = ["load_average", "machine_facts"]


def load_average() -> float:
    """Runnable processes over the last minute, this one included; 0 where the system does not say."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return 0.0


def machine_facts() -> dict[str, str | int | float]:
    """Processor, cores, memory in GB (10^9 bytes), system and Python, and the load right now."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True) or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": round(load_average(), 2),
    }


def _processor() -> str:
    """The processor's model name; Linux tells it only in ``/proc/cpuinfo``."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
