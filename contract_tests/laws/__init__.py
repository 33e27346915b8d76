"""The laws: one module a family."""
