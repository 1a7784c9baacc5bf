"""The networks in JAX, as they are trained."""
