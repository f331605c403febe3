"""What a request is likely to cost, from the costs that the vendor documents. Pure."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.request.model import VideoRequest
from nemovideo_nodes.request.script import compile_request
from nemovideo_nodes.request.steps import Prompt, SubmitRender

__all__ = ["EDIT", "GENERATION", "Estimate", "estimate_of"]

GENERATION: Final = 100.0
"""Credits of one generated clip [S V]."""
EDIT: Final = 50.0
"""Credits of an edit in the same session [S V]."""
_BASIS: Final = (
    f"documented costs: about {GENERATION:g} credits for each video, "
    f"{EDIT:g} for each further message"
)


class Estimate(BaseModel):
    """An expected cost in credits, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    credits: float
    basis: str


def estimate_of(request: VideoRequest) -> Estimate:
    """The expected cost of a request: a generation for each video, an edit for other messages."""
    steps = [step.args for step in compile_request(request)]
    messages = sum(isinstance(args, Prompt) for args in steps)
    videos = sum(isinstance(args, SubmitRender) for args in steps)
    generations = min(messages, max(videos, 1)) if messages else 0
    credits = generations * GENERATION + (messages - generations) * EDIT
    return Estimate(credits=credits, basis=_BASIS)
