"""Learning while somebody plays: what was heard, batches, scores, and when learnt weights are good enough.

Nothing here reads a clock or does I/O; randomness is passed in. The process that learns is
:mod:`impsy.training.apprentice`, the session's side of it :mod:`impsy.perform.learning.process`.
"""
