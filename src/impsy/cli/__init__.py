"""The command line: one module for each command; only here is anything printed.

Public: ``main.main``, what the program ``impsy`` (:mod:`impsy.__main__`) does.
"""
