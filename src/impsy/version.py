"""The version of IMPSY, for packaging and for whatever reports it."""

__all__ = ["__version__"]

__version__ = "2.0.0a1"
