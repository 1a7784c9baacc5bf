"""Learning: from a dataset to a trained network and its files. The only package that loads Keras and JAX."""
