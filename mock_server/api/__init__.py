"""The way of a request: who may call, which sandbox and operation are meant, and what is returned."""
