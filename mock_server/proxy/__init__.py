"""`mock-server proxy URL`: a real server behind the contract, judged and, on demand, recorded."""
