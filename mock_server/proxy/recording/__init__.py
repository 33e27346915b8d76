"""Makes scenarios of what went through the proxy, without anybody's data."""
