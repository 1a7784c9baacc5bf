"""IMPSY: an instrument that listens to how you play, learns it, and plays with you."""

__version__ = "2.0.0a1"
