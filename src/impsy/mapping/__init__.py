"""MIDI messages <-> control values: pure functions of the mapping entries.

Public: ``entries`` (the kinds of entries), ``input.InputMapping``, ``output.OutputMapping``.
"""
