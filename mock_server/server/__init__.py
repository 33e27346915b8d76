"""The process: the ASGI application, delays and broken connections, listening, workers, reload."""
