"""The task units: each does one thing with the service, and says what repeating it would mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nemovideo_nodes.engine.kinds.account import (
    AcquireTokenNode,
    CheckCreditsNode,
    ClaimLinkNode,
)
from nemovideo_nodes.engine.kinds.deliver import DownloadNode, PublishNode
from nemovideo_nodes.engine.kinds.kind import Context, Node
from nemovideo_nodes.engine.kinds.prompt import PromptNode
from nemovideo_nodes.engine.kinds.render import AwaitRenderNode, SubmitRenderNode
from nemovideo_nodes.engine.kinds.session import CreateSessionNode, ReadStateNode
from nemovideo_nodes.engine.kinds.upload import UploadNode
from nemovideo_nodes.request.steps import NodeName

__all__ = ["NODES", "Context", "Node"]

NODES: Mapping[NodeName, Node] = MappingProxyType(
    {
        NodeName.TOKEN: AcquireTokenNode(),
        NodeName.SESSION: CreateSessionNode(),
        NodeName.UPLOAD: UploadNode(),
        NodeName.PROMPT: PromptNode(),
        NodeName.STATE: ReadStateNode(),
        NodeName.CREDITS: CheckCreditsNode(),
        NodeName.CLAIM: ClaimLinkNode(),
        NodeName.RENDER: SubmitRenderNode(),
        NodeName.AWAIT: AwaitRenderNode(),
        NodeName.DOWNLOAD: DownloadNode(),
        NodeName.PUBLISH: PublishNode(),
    }
)
