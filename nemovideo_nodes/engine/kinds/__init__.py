"""The registry of step kinds in whole: what each gives, and how it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from nemovideo_nodes.engine.kinds.account import (
    AcquireTokenRunner,
    CheckCreditsRunner,
    ClaimLinkRunner,
)
from nemovideo_nodes.engine.kinds.approve import ApproveRunner
from nemovideo_nodes.engine.kinds.deliver import DownloadRunner, PublishRunner
from nemovideo_nodes.engine.kinds.hand_over import HandOverRunner
from nemovideo_nodes.engine.kinds.kind import Context, StepRunner
from nemovideo_nodes.engine.kinds.prompt import PromptRunner
from nemovideo_nodes.engine.kinds.render import AwaitRenderRunner, SubmitRenderRunner
from nemovideo_nodes.engine.kinds.session import CreateSessionRunner, ReadStateRunner
from nemovideo_nodes.engine.kinds.upload import UploadRunner
from nemovideo_nodes.ledger.results import (
    ApprovalResult,
    ClaimResult,
    CreditsResult,
    DownloadResult,
    HandOverResult,
    PromptResult,
    PublishResult,
    RenderEnded,
    RenderResult,
    SessionResult,
    StateResult,
    TokenResult,
    UploadResult,
)
from nemovideo_nodes.request.steps import STEP_KINDS, StepKind, StepName

__all__ = ["REGISTRY", "Context", "Registered", "StepRunner"]


@dataclass(frozen=True)
class Registered:
    """A step kind with all that belongs to it."""

    name: StepName
    result: type[BaseModel]
    runner: StepRunner

    @property
    def kind(self) -> StepKind:
        return STEP_KINDS[self.name]


REGISTRY: Final[Mapping[StepName, Registered]] = MappingProxyType(
    {
        row.name: row
        for row in (
            Registered(StepName.TOKEN, TokenResult, AcquireTokenRunner()),
            Registered(StepName.SESSION, SessionResult, CreateSessionRunner()),
            Registered(StepName.UPLOAD, UploadResult, UploadRunner()),
            Registered(StepName.PROMPT, PromptResult, PromptRunner()),
            Registered(StepName.STATE, StateResult, ReadStateRunner()),
            Registered(StepName.CREDITS, CreditsResult, CheckCreditsRunner()),
            Registered(StepName.CLAIM, ClaimResult, ClaimLinkRunner()),
            Registered(StepName.RENDER, RenderResult, SubmitRenderRunner()),
            Registered(StepName.AWAIT, RenderEnded, AwaitRenderRunner()),
            Registered(StepName.DOWNLOAD, DownloadResult, DownloadRunner()),
            Registered(StepName.PUBLISH, PublishResult, PublishRunner()),
            Registered(StepName.HAND_OVER, HandOverResult, HandOverRunner()),
            Registered(StepName.APPROVE, ApprovalResult, ApproveRunner()),
        )
    }
)
"""Every step kind, by its name; `request.steps.STEP_KINDS` has what is known without the engine."""
