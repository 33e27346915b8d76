"""The way of a request: who may call, for which sandbox and operation, and the reply."""
