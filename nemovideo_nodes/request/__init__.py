"""What is asked for, and its compilation to steps. Pure."""
