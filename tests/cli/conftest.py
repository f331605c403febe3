"""The fixtures of the command line as a process."""

from shell import connected, open_service, service, shell

__all__ = ["connected", "open_service", "service", "shell"]
