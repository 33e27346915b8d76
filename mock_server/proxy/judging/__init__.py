"""Judgement of what goes through the proxy, by both views of the contract."""
