"""The server behind the proxy: connections to it, and through what they go."""
