"""Recording a performance: the log, and MIDI files from and to it."""
