"""Steps: one use of a node in a run, with its own id and arguments. Pure."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import well_formed

__all__ = [
    "AcquireToken",
    "Arguments",
    "AwaitRender",
    "CheckCredits",
    "ClaimLink",
    "CreateSession",
    "Download",
    "Media",
    "NodeName",
    "Prompt",
    "Publish",
    "ReadState",
    "Step",
    "SubmitRender",
    "Upload",
    "medium_name",
]

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


class NodeName(StrEnum):
    """The reusable task units; the value is the first half of a step's id."""

    TOKEN = "token"
    SESSION = "session"
    UPLOAD = "upload"
    PROMPT = "prompt"
    STATE = "state"
    CREDITS = "credits"
    CLAIM = "claim"
    RENDER = "render"
    AWAIT = "await"
    DOWNLOAD = "download"
    PUBLISH = "publish"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Media(_Plain):
    """One picture, clip or sound, known by its content."""

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
    def artifact(self) -> str:
        """Where its bytes stand in the store."""
        return f"artifacts/sha256/{self.digest}.{self.ext}"


class AcquireToken(_Plain):
    """Sign in, and make sure that it is the run's account."""

    node: Literal[NodeName.TOKEN] = NodeName.TOKEN


class CreateSession(_Plain):
    """Open a session: one timeline and its uploads."""

    node: Literal[NodeName.SESSION] = NodeName.SESSION
    language: str | None = None


class Upload(_Plain):
    """Upload one medium into the run's session."""

    node: Literal[NodeName.UPLOAD] = NodeName.UPLOAD
    media: Media


class Prompt(_Plain):
    """Send one message to the agent; this is what costs money."""

    node: Literal[NodeName.PROMPT] = NodeName.PROMPT
    text: str


class ReadState(_Plain):
    """Read the state once the draft is stable, and say what is on the timeline."""

    node: Literal[NodeName.STATE] = NodeName.STATE


class CheckCredits(_Plain):
    """Read the balance."""

    node: Literal[NodeName.CREDITS] = NodeName.CREDITS
    stop_when_empty: bool = True
    """Whether a balance of nothing stops the run, before it spends."""


class ClaimLink(_Plain):
    """Make sure that the session can be claimed by a person."""

    node: Literal[NodeName.CLAIM] = NodeName.CLAIM


class SubmitRender(_Plain):
    """Export the draft under an id of our own."""

    node: Literal[NodeName.RENDER] = NodeName.RENDER
    if_changed: bool = False
    """Whether the last video stands for this one where the timeline is still the one in it."""


class AwaitRender(_Plain):
    """Poll one render until it has ended."""

    node: Literal[NodeName.AWAIT] = NodeName.AWAIT
    render: str = "render/0"
    """The id of the step that submitted it."""
    limit_s: float = 3600.0
    """How long one invocation polls; a timeout stays resumable."""


class Download(_Plain):
    """Fetch and check the video of one render."""

    node: Literal[NodeName.DOWNLOAD] = NodeName.DOWNLOAD
    render: str = "render/0"


class Publish(_Plain):
    """Put the videos into the run's folder, with posters, and the manifest last."""

    node: Literal[NodeName.PUBLISH] = NodeName.PUBLISH


Arguments = Annotated[
    AcquireToken
    | CreateSession
    | Upload
    | Prompt
    | ReadState
    | CheckCredits
    | ClaimLink
    | SubmitRender
    | AwaitRender
    | Download
    | Publish,
    Field(discriminator="node"),
]


class Step(_Plain):
    """A node's use in a run, as asked for."""

    id: str = Field(pattern=r"^[a-z]+/\d+$")
    args: Arguments

    @property
    def node(self) -> NodeName:
        return self.args.node

    def asks_the_same(self, other: Step) -> bool:
        """Whether the two want the same thing done; how long to wait for it is no part of it."""
        mine, theirs = self.args, other.args
        if isinstance(mine, AwaitRender) and isinstance(theirs, AwaitRender):
            theirs = theirs.model_copy(update={"limit_s": mine.limit_s})
        return self.id == other.id and mine == theirs
