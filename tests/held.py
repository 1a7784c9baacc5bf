"""How much something remembers, seen from outside."""

from __future__ import annotations

import asyncio
import gc
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, asyncio.AbstractEventLoop)


def held(thing: Any) -> int:
    """How many values the collections that ``thing`` holds have together, at any depth.

    What it shares with the program does not count: classes, functions, modules, event loops.
    """
    seen, waiting, count = {id(thing)}, [thing], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict | list | set | frozenset | tuple) or hasattr(each, "maxlen"):
            count += len(each)
        for other in gc.get_referents(each):
            if id(other) not in seen and not isinstance(other, _SHARED):
                seen.add(id(other))
                waiting.append(other)
    return count
