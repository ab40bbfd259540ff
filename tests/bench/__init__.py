"""How fast and how large the server is: `python -m tests.bench`. Each figure stands beside what the core could do."""
