"""The OpenAPI document compiled: operations, validation, explanations, examples."""
