"""MIDI ports by ALSA, CoreMIDI, Windows and JACK."""
