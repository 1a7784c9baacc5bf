"""Checking this implementation against vector files: what goes in, and what must come out.

The files are JSON in the format that the IMPSY project publishes, so that several front ends can hold to one
behaviour: ``{"spec_version": "1.0.0", "tolerance": 1e-9, "cases": [{"name": …, …, "expected": …}]}``. A file's name
says what its cases are about (see :data:`impsy.conformance.checking.CHECKERS`).
"""

from impsy.conformance.checking import (
    CHECKERS,
    Checked,
    Difference,
    Malformed,
    Skipped,
    check_path,
    first_difference,
)

__all__ = ["CHECKERS", "Checked", "Difference", "Malformed", "Skipped", "check_path", "first_difference"]
