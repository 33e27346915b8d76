"""Requests and answers on their way through the proxy: headers, cookies and addresses in them."""
