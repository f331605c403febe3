"""The fixtures of the command line as a process."""

from shell import open_service, shell

__all__ = ["open_service", "shell"]
