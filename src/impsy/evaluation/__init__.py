"""Evaluation of a model: how well it predicts held-out playing, and how it plays itself. NumPy only."""

from impsy.evaluation.evaluate import Progress, evaluate
from impsy.evaluation.report.data import Report, Result

__all__ = ["Progress", "Report", "Result", "evaluate"]
