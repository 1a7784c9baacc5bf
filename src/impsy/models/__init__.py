"""Model files and playing them: ``opening.open_model`` opens any, ``tflite_write.write_tflite`` writes one.

Nothing here loads a training framework; h5py is loaded only for ``.keras`` and ``.h5`` files, and only in a
process of its own.
"""
