"""A medium: one picture, clip or sound of a request. Pure."""

from __future__ import annotations

import unicodedata
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import well_formed

__all__ = ["Media", "medium_name"]

_LONGEST_NAME = 200
"""Bytes; disks take 255, and a name may get an ending."""
_JOINER = "\u200d"
"""What holds the parts of an emoji together; the one invisible character that names may have."""


def medium_name(called: str) -> str:
    """What a file or an address is called, as a name that fits a file, a line and a header.

    No folder, nothing invisible or that turns the text around, and the same name for the same
    letters, however a system composes them.
    """
    text = unicodedata.normalize("NFC", well_formed(called))
    name = "".join(c if (c.isprintable() or c == _JOINER) and c not in "/\\" else "_" for c in text)
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    return name if name.strip(". ") else "media"


class Media(BaseModel):
    """One picture, clip or sound, known by its content."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The file's own name, without a folder."""
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the content, in hex."""
    size: int
    """Bytes."""
    kind: Literal["image", "video", "audio"]
    ext: str
    url: str | None = None
    """Where the service fetches it from; then the digest is of the URL and its ETag."""
    converted: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the JPEG that is uploaded in the place of a picture that the service does not
    take; `digest` stays the original's, which makes the run."""

    @property
    def identity(self) -> dict[str, str]:
        """What makes it the same medium in two requests."""
        return {"name": self.name, "digest": self.digest}

    @property
    def upload_name(self) -> str:
        """The key of the upload: the name with a digest prefix, which the service keeps."""
        stem = self.name.rsplit(".", 1)[0]
        safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-")[:60]
        return f"{self.digest[:12]}-{safe or 'media'}.{self.ext}"

    @property
    def stem(self) -> str:
        """The name without its ending, as a timeline calls it."""
        return self.name.rpartition(".")[0] or self.name

    @property
    def artifact(self) -> str:
        """Where its bytes stand in the store."""
        return f"artifacts/sha256/{self.content_digest}.{self.ext}"

    @property
    def content_digest(self) -> str:
        """SHA-256 of the bytes that are uploaded."""
        return self.converted or self.digest
