"""From messages to control values and back: pure functions of the mapping entries."""
