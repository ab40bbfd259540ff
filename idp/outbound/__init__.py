"""What the server says to others: text messages, mail, the workers that carry both, and what is fetched."""
