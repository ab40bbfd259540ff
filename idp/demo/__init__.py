"""Two portals, an API and a command-line client to try the server with: each is an example to start one's own from."""
