"""Training: from a dataset to a network and its files. The only package that loads Keras and JAX.

Public: ``learning.plan_for`` and ``learn``, ``recipe.Recipe``; ``search`` looks for a better recipe.
:func:`impsy.train` is the first two in one call.
"""
