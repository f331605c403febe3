"""The fixtures of the command line as a process."""

from shell import film, open_service, shell

__all__ = ["film", "open_service", "shell"]
