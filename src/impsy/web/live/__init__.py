"""Between the session and the pages, live: the link to the session, the hub, and each page's WebSocket."""
