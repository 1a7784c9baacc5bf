"""Serial ports: lines of numbers, and MIDI bytes."""
