"""The web interface: the page, its HTTP calls and its WebSocket, served from a process of its own.

Public: ``server.app.create_app``. The HTTP calls are described at ``/api/openapi.json``.
"""
