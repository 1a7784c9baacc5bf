"""``.tflite`` files: read and written without TensorFlow."""
