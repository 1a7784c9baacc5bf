"""Shared time: tempo, beats and the grid. Nothing here reads a clock: times are arguments, in seconds.

A beat is a quarter note. Where it is at any time is a :class:`~impsy.timing.line.Line`.
"""
