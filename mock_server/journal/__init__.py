"""Journal of requests and replies: entries, capture, masking, access log."""
