"""The errors about a file that cannot be used."""

from __future__ import annotations

from nemovideo_nodes.errors import BadInput, TooManyPixels

__all__ = ["NO_MEMORY", "TooLargePicture", "UnusableMedia"]

NO_MEMORY = "it needs more memory than there is: make it smaller"


class UnusableMedia(BadInput):
    """A file that cannot be used.

    `name` is what the file is called, `reason` what is wrong with it and what to do; its sentence
    has both.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:  # pools of processes pickle errors
        return type(self), (self.name, self.reason), self.__dict__


class TooLargePicture(UnusableMedia, TooManyPixels):
    """A picture or clip with more pixels than can be used."""
