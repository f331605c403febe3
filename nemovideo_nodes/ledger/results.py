"""What each kind of step comes to: the results that facts carry.

A result holds no secret: tokens appear as fingerprints, signed URLs and claim tokens not at all.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from nemovideo_nodes.wire.question import AgentQuestion

__all__ = [
    "ApprovalResult",
    "Arrived",
    "ClaimResult",
    "CreditsResult",
    "Delivery",
    "DownloadResult",
    "HandOverResult",
    "PromptResult",
    "PublishResult",
    "RenderEnded",
    "RenderResult",
    "Result",
    "RuleCheck",
    "SessionResult",
    "StateResult",
    "TokenResult",
    "UploadResult",
    "VideoFile",
]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class TokenResult(_Plain):
    """Which account is signed in, by fingerprints."""

    kind: Literal["token"] = "token"
    account: tuple[str, ...]
    """Fingerprints of what identifies the account: the client id, the token."""
    anonymous: bool


class SessionResult(_Plain):
    kind: Literal["session"] = "session"
    session_id: str
    task_id: str | None = None


class Arrived(_Plain):
    """What the service said about an upload that arrived, where it says anything [W]."""

    name: str = ""
    """What the service calls it."""
    hash: str = ""
    width: float | None = None
    height: float | None = None
    duration_s: float | None = None


class UploadResult(_Plain):
    kind: Literal["upload"] = "upload"
    name: str
    arrived: Arrived | None = None


class PromptResult(_Plain):
    """One turn, or the evidence that stands for a turn whose answer was lost."""

    kind: Literal["prompt"] = "prompt"
    replies: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    silent: bool = False
    reconciled: bool = False
    """Whether the draft, not the answer, tells that the message was carried out."""
    note: str | None = None
    question: AgentQuestion | None = None
    """What a person has to answer before the run goes on."""


class StateResult(_Plain):
    kind: Literal["state"] = "state"
    draft_digest: str | None = None
    timeline: str | None = None
    exportable: bool
    duration_ms: float | None = None
    outline: str | None = None
    """The draft without what is secret or long, as JSON."""
    changes: tuple[str, ...] = ()
    """What the last message changed, in words."""
    later: tuple[str, ...] = ()
    """What the service added by itself afterwards, in words."""


class CreditsResult(_Plain):
    kind: Literal["credits"] = "credits"
    available: float | None = None
    frozen: float | None = None
    total: float | None = None


class ClaimResult(_Plain):
    kind: Literal["claim"] = "claim"
    expires_at: AwareDatetime | None = None
    """None where the service gave no claim token."""


class RenderResult(_Plain):
    kind: Literal["render"] = "render"
    render_id: str
    draft_digest: str | None = None
    """Of the draft that was exported; None where only the service's answer told of the render."""


class RenderEnded(_Plain):
    kind: Literal["await"] = "await"
    render_id: str


class VideoFile(_Plain):
    """One finished, checked video."""

    sha256: str
    bytes: int
    duration_s: float
    width: int
    height: int
    artifact: str
    """Its place in the store."""
    frames_checked: int | None = None
    """How many frames were decoded; None where the extra `video` is not installed."""


class DownloadResult(_Plain):
    kind: Literal["download"] = "download"
    render_id: str
    video: VideoFile


class RuleCheck(_Plain):
    """One rule of a platform, as it was checked on a file."""

    rule: str
    ok: bool | None
    """None where it could not be checked."""
    sentence: str = ""
    """What is wrong; empty where nothing is."""


class Delivery(_Plain):
    """A video as one platform gets it: the run's own, or a rendition of it."""

    platform: str
    """Empty where none is known."""
    video: int
    """Which of the run's videos it is, from 0 on."""
    file: str
    """Its place in the store."""
    sha256: str
    bytes: int
    duration_s: float
    width: int
    height: int
    rendition: Literal["", "blur", "plain", "crop"] = ""
    """How it was brought into its frame here; empty: it is the service's own file."""
    cover: str | None = None
    """The place of the picture that stands for it."""
    checks: tuple[RuleCheck, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know of it: texts under the platform's buttons, no rendition."""


class PublishResult(_Plain):
    kind: Literal["publish"] = "publish"
    videos: tuple[str, ...]
    """Places in the store, in the order of the renders."""
    manifest: str
    deliveries: tuple[Delivery, ...] | None = None
    """What each platform gets of each video; None where nothing says for which it is."""
    subtitles: tuple[str, ...] | None = None
    """Places of SRT and VTT files of the texts on the timelines; None where there are none."""


class HandOverResult(_Plain):
    """A video that a publisher has."""

    kind: Literal["hand_over"] = "hand_over"
    id: str
    """Ours, under which it was handed over and is looked up."""
    target: str
    platform: str = ""
    sha256: str = ""
    """Of the video."""
    remote_id: str = ""
    """What the publisher calls it."""
    place: str = ""
    """Where a person finds it: a URL without a secret, or a path."""
    state: str = "taken"
    """`draft`, `scheduled`, `copied`, or `taken`."""
    due: AwareDatetime | None = None
    how: Literal["answered", "looked_up", "person"] = "answered"
    """Who says that the publisher has it: its answer, a look afterwards, or a person."""


class ApprovalResult(_Plain):
    """What was approved, by whom."""

    kind: Literal["approve"] = "approve"
    seen: str
    """The digest of what was shown: the approval is for that alone."""
    who: str
    """Empty where nobody answered in time, and that meant to go on."""
    decided_at: AwareDatetime


Result = Annotated[
    TokenResult
    | SessionResult
    | UploadResult
    | PromptResult
    | StateResult
    | CreditsResult
    | ClaimResult
    | RenderResult
    | RenderEnded
    | DownloadResult
    | PublishResult
    | ApprovalResult
    | HandOverResult,
    Field(discriminator="kind"),
]
