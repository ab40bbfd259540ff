"""What happened: one catalogue, from which the log line and the metric derive."""
