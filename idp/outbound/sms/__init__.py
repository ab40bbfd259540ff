"""Text messages: one interface, and a driver for each way of sending them."""
