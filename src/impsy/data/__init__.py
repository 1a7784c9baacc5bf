"""Logs -> performances -> datasets.

Public: ``logs.reading.read_log``, ``collecting.find_logs`` and ``collect``, ``datasets.read_dataset``,
``write_dataset`` and ``Dataset``, ``windows`` (what is held out), ``statistics``.
"""
