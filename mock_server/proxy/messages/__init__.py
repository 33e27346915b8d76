"""Messages on their way through the proxy: headers, cookies, and links back to the proxy."""
