"""``.npz`` files, read without running anything that they contain."""
