"""Networks computed by NumPy, many sequences side by side."""
