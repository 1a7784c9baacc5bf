"""Model files, and the networks in them.

Public: ``opening.open_model`` opens any file, ``weights.Weights`` is what is in it, ``tflite.write.write_tflite``
writes one, ``predictor.MixturePredictor`` plays it, ``mixture`` draws from what it predicts.

Nothing here loads a training framework; h5py is loaded only for ``.keras`` and ``.h5`` files, and only in a
process of its own.
"""
