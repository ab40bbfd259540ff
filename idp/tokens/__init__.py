"""What is issued: claims, signatures, sealed and bearer values."""
