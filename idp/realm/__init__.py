"""The realm file: its shape, loading with line numbers, secrets by reference, watching."""
