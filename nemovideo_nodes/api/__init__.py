"""The vendor's HTTP API: client, connections, tokens, files."""
