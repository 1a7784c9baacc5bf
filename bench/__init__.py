"""Measuring IMPSY from outside: ``python -m bench.perform`` and ``python -m bench.soak``.

Nothing here reaches into the programs that are measured; they are started, played with over OSC, and watched
by the operating system. ``README.md`` beside this file defines every row.
"""
