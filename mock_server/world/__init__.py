"""World: the state as immutable values (records, clock, override rules, sandbox)."""
