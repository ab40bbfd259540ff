"""What administrators do for people."""
