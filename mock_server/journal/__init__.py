"""What was requested and replied: entries, capture, masking, access log."""
