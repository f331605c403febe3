"""Steps, and the registry of step kinds: what can be done, and what repeating it means. Pure.

To add a step kind: its arguments and its row here, its result in `ledger/results.py`, its
implementation in `engine/kinds/`, and the line that binds them in `engine/kinds/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.request.approval import ApprovalStage
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.post import Post

__all__ = [
    "STEP_KINDS",
    "AcquireToken",
    "Approve",
    "Arguments",
    "AwaitRender",
    "CheckCredits",
    "ClaimLink",
    "CreateSession",
    "Download",
    "HandOver",
    "Idempotency",
    "Prompt",
    "Publish",
    "ReadState",
    "Step",
    "StepKind",
    "SubmitRender",
    "Upload",
]


class StepName(StrEnum):
    """The names of the step kinds; the value is the first half of a step's id."""

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
    HAND_OVER = "hand_over"
    APPROVE = "approve"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Idempotency(StrEnum):
    """What repeating a step would mean."""

    IDEMPOTENT = "idempotent"
    """Repeating is harmless."""
    KEYED = "keyed"
    """The service can be asked, by a key of ours, whether it has it."""
    UNSAFE = "unsafe"
    """A repeat may cost money, or publish a post twice."""


class _Arguments(_Plain):
    @property
    def subject(self) -> str:
        """What the step is about, where it is not the only thing of its kind: a file's name."""
        return ""


class AcquireToken(_Arguments):
    """Sign in, and make sure that it is the run's account."""

    node: Literal[StepName.TOKEN] = StepName.TOKEN


class CreateSession(_Arguments):
    """Open a session: one timeline and its uploads."""

    node: Literal[StepName.SESSION] = StepName.SESSION
    language: str | None = None


class Upload(_Arguments):
    """Upload one medium into the run's session."""

    node: Literal[StepName.UPLOAD] = StepName.UPLOAD
    media: Media

    @property
    def subject(self) -> str:
        return self.media.name


class Prompt(_Arguments):
    """Send one message to the agent; this is what costs money."""

    node: Literal[StepName.PROMPT] = StepName.PROMPT
    text: str
    shows: tuple[str, ...] | None = None
    """The uploads that the new video is to show, and no others; None: the agent chooses."""


class ReadState(_Arguments):
    """Read the state once the draft is stable, and say what is on the timeline."""

    node: Literal[StepName.STATE] = StepName.STATE


class CheckCredits(_Arguments):
    """Read the balance."""

    node: Literal[StepName.CREDITS] = StepName.CREDITS
    stop_when_empty: bool = True
    """Whether a balance of nothing stops the run, before it spends."""


class ClaimLink(_Arguments):
    """Make sure that the session can be claimed by a person."""

    node: Literal[StepName.CLAIM] = StepName.CLAIM


class SubmitRender(_Arguments):
    """Export the draft under an id of our own."""

    node: Literal[StepName.RENDER] = StepName.RENDER
    if_changed: bool = False
    """Whether the last video stands for this one where the timeline is still the one in it."""


class AwaitRender(_Arguments):
    """Poll one render until it has ended."""

    node: Literal[StepName.AWAIT] = StepName.AWAIT
    render: str = "render/0"
    """The id of the step that submitted it."""
    limit_s: float = 3600.0
    """How long one invocation polls; a timeout stays resumable."""


class Download(_Arguments):
    """Fetch and check the video of one render."""

    node: Literal[StepName.DOWNLOAD] = StepName.DOWNLOAD
    render: str = "render/0"


class Publish(_Arguments):
    """Put the videos into the run's folder, each as its platforms take it, the manifest last."""

    node: Literal[StepName.PUBLISH] = StepName.PUBLISH
    post: Post | None = None
    """For which platforms, with which text; None: as the run was asked before."""


class HandOver(_Arguments):
    """Give a finished video to a publisher, once: nothing hands it over again by itself."""

    node: Literal[StepName.HAND_OVER] = StepName.HAND_OVER
    target: str
    """The publisher, by its name in the configuration."""
    platform: str = ""
    """Which platform's delivery it is; empty where none is known."""
    render: str | None = None
    """The id of the step that submitted the video's render; None: the last video."""

    @property
    def subject(self) -> str:
        return f"to {self.target}{f' for {self.platform}' if self.platform else ''}"


class Approve(_Arguments):
    """Wait for a person's word on what comes next; it ends at that word."""

    node: Literal[StepName.APPROVE] = StepName.APPROVE
    stage: ApprovalStage


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
    | Publish
    | Approve
    | HandOver,
    Field(discriminator="node"),
]


@dataclass(frozen=True)
class StepKind:
    """One row of the registry."""

    name: StepName
    arguments: type[_Arguments]
    idempotency: Idempotency
    title: str
    """What people call the step."""
    activity: str
    """What it is doing while it is at work, as the beginning of a sentence."""
    session_bound: bool = False
    """Whether what it achieved is gone when the session is."""
    waits: bool = False
    """Whether it waits for the service more than it works, so that no worker should be held."""
    at_service: bool = True
    """Whether it calls the service; else it needs no token of it."""


STEP_KINDS: Final[Mapping[StepName, StepKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            StepKind(
                StepName.TOKEN,
                AcquireToken,
                Idempotency.IDEMPOTENT,
                "Acquire token",
                "Signing in",
            ),
            StepKind(
                StepName.SESSION,
                CreateSession,
                Idempotency.IDEMPOTENT,
                "Create session",
                "Opening a session",
                session_bound=True,
            ),
            StepKind(
                StepName.UPLOAD,
                Upload,
                Idempotency.KEYED,
                "Upload",
                "Uploading",
                session_bound=True,
            ),
            StepKind(
                StepName.PROMPT,
                Prompt,
                Idempotency.UNSAFE,
                "Send prompt",
                "Sending the message",
                session_bound=True,
                waits=True,
            ),
            StepKind(
                StepName.STATE,
                ReadState,
                Idempotency.IDEMPOTENT,
                "Read state",
                "Reading the timeline",
                session_bound=True,
                waits=True,
            ),
            StepKind(
                StepName.CREDITS,
                CheckCredits,
                Idempotency.IDEMPOTENT,
                "Check credits",
                "Checking the credits",
            ),
            StepKind(
                StepName.CLAIM,
                ClaimLink,
                Idempotency.IDEMPOTENT,
                "Claim link",
                "Asking for a claim link",
            ),
            StepKind(
                StepName.RENDER,
                SubmitRender,
                Idempotency.KEYED,
                "Submit render",
                "Exporting",
                session_bound=True,
                waits=True,
            ),
            StepKind(
                StepName.AWAIT,
                AwaitRender,
                Idempotency.IDEMPOTENT,
                "Await render",
                "Rendering",
                session_bound=True,
                waits=True,
            ),
            StepKind(
                StepName.DOWNLOAD,
                Download,
                Idempotency.IDEMPOTENT,
                "Download",
                "Downloading the video",
            ),
            StepKind(
                StepName.PUBLISH,
                Publish,
                Idempotency.IDEMPOTENT,
                "Publish",
                "Writing the manifest",
            ),
            StepKind(
                StepName.APPROVE,
                Approve,
                Idempotency.IDEMPOTENT,
                "Approve",
                "Waiting for approval",
                waits=True,
            ),
            StepKind(
                StepName.HAND_OVER,
                HandOver,
                Idempotency.UNSAFE,
                "Hand over",
                "Handing the video over",
                at_service=False,
            ),
        )
    }
)
"""The registry: everything that is known of a step kind but how it is done and what it gives."""


class Step(_Plain):
    """A use of a step kind in a run, as asked for."""

    id: str = Field(pattern=r"^[a-z_]+/\d+$")
    args: Arguments

    @property
    def kind(self) -> StepKind:
        return STEP_KINDS[self.args.node]

    @property
    def node(self) -> StepName:
        """The name of the step's kind, by its persisted key."""
        return self.args.node

    @property
    def number(self) -> int:
        """Which use of its kind it is in the run, from 0 on."""
        return int(self.id.rpartition("/")[2])

    @property
    def phrase(self) -> str:
        """What is being done to what, for people: `Uploading flower.jpg`."""
        return " ".join(filter(None, (self.kind.activity, self.args.subject)))

    def asks_the_same(self, other: Step) -> bool:
        """Whether the two want the same thing done; how long to wait for it is no part of it."""
        mine, theirs = self.args, other.args
        if isinstance(mine, AwaitRender) and isinstance(theirs, AwaitRender):
            theirs = theirs.model_copy(update={"limit_s": mine.limit_s})
        if isinstance(mine, Publish) and isinstance(theirs, Publish) and theirs.post is None:
            theirs = mine
        return self.id == other.id and mine == theirs
