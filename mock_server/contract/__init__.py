"""Contract: the OpenAPI document compiled, with validation, explanations and examples."""
