"""The fixtures of the command line as a process."""

from shell import connected, film, open_service, service, shell

__all__ = ["connected", "film", "open_service", "service", "shell"]
