"""Measuring IMPSY from outside: ``python -m bench.perform``, ``bench.soak``, ``bench.together`` and ``bench.train``.

Nothing here reaches into the programs that are measured; they are started, played with over OSC and other
transports, and watched by the operating system. ``README.md`` beside this file defines every row.
"""
