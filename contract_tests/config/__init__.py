"""What people give a run: target file, addresses, headers, depth, parts."""
