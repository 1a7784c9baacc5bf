"""Performers that need no hands: for demonstrations, tests and bench runs."""
