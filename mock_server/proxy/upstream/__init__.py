"""Upstream, the server behind the proxy: connections to it, and the network between."""
