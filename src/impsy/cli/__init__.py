"""The command line: one module for each command; only here is anything printed.

Public: ``main.main``, which is the program ``impsy``.
"""
