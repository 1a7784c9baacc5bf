"""The HTTP server: the application, its table of addresses, who may ask, and serving it."""
