"""Behaviours of the operations: pure functions from a world to the next."""
