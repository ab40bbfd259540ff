"""What the server says to others: text messages, mail, and the workers that carry both."""
