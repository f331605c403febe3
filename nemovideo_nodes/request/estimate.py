"""What a request is likely to cost: from what like ones cost, else from documented costs. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.request.model import VideoRequest
from nemovideo_nodes.request.renditions import wanted_length
from nemovideo_nodes.request.script import compile_request
from nemovideo_nodes.request.steps import Arguments, Prompt, SubmitRender, Upload

__all__ = [
    "BASIS",
    "EDIT",
    "GENERATION",
    "Estimate",
    "PastCost",
    "cost_key",
    "estimate_of",
    "estimate_of_one",
    "message_costs",
    "past_credits",
]

GENERATION: Final = 100.0
"""Credits of one generated clip [S V]."""
EDIT: Final = 50.0
"""Credits of an edit in the same session [S V]."""
FEWEST: Final = 3
"""Past runs below which the documented costs are told."""
BASIS: Final = (
    f"documented costs: about {GENERATION:g} credits to make a video, "
    f"{EDIT:g} for each change to it"
)


class Estimate(BaseModel):
    """An expected cost in credits, and where it comes from."""

    model_config = ConfigDict(frozen=True)

    credits: float
    basis: str


@dataclass(frozen=True)
class PastCost:
    """By how much the account's balance fell while one run was at work."""

    key: str
    """What makes requests alike; see `cost_key`."""
    began: datetime
    ended: datetime
    credits: float


def estimate_of(request: VideoRequest, past: Sequence[float] = ()) -> Estimate:
    """The expected cost of a request: the median of the `past` ones where there are enough.

    Else the sum of what its messages cost by the documented costs.
    """
    costs = message_costs(step.args for step in compile_request(request))
    if len(past) >= FEWEST and costs:
        return _median(past, _length(request))
    return Estimate(credits=sum(costs), basis=BASIS)


def message_costs(steps: Iterable[Arguments]) -> tuple[float, ...]:
    """What each message among the steps of a run is expected to cost, by the documented costs.

    A generation is the first one, one that is to show media of its own, and one that new media
    come with. Every other message changes what the draft shows, also where a video is exported
    after it.
    """
    costs: list[float] = []
    has_new_media = False
    for args in steps:
        if isinstance(args, Upload):
            has_new_media = True
        elif isinstance(args, Prompt):
            is_change = bool(costs) and args.shows is None and not has_new_media
            costs.append(EDIT if is_change else GENERATION)
            has_new_media = False
    return tuple(costs)


def estimate_of_one(profile: str, instruction: str, known: Iterable[PastCost]) -> Estimate:
    """The same of a request with one message and one video, by what is known of all past runs."""
    length = _length_in((instruction,))
    past = past_credits(known, _key(profile, length, messages=1, videos=1))
    if len(past) >= FEWEST:
        return _median(past, length)
    return Estimate(credits=GENERATION, basis=BASIS)


def cost_key(request: VideoRequest) -> str:
    """What requests have in common that cost about the same: profile, length, messages, videos."""
    messages, videos = _counts(request)
    return _key(request.profile, _length(request), messages=messages, videos=videos)


def _key(profile: str, length: str, *, messages: int, videos: int) -> str:
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", profile)[:60]
    return f"{plain}_{length or 'any'}_{messages}m_{videos}v"


def _median(past: Sequence[float], length: str) -> Estimate:
    of = f"profile and length ({length})" if length else "profile"
    return Estimate(
        credits=statistics.median(past),
        basis=f"the median of {len(past)} past runs of this {of}",
    )


def past_credits(known: Iterable[PastCost], key: str) -> list[float]:
    """What like requests cost; those that ran beside another run are left out.

    The balance is the account's: of two runs at once it does not say which one was charged.
    """
    ordered = sorted(known, key=lambda one: one.began)
    alone = []
    latest: datetime | None = None
    for number, one in enumerate(ordered):
        following = ordered[number + 1] if number + 1 < len(ordered) else None
        apart = (latest is None or one.began > latest) and (
            following is None or following.began > one.ended
        )
        if apart and one.key == key:
            alone.append(one.credits)
        latest = one.ended if latest is None else max(latest, one.ended)
    return alone


def _counts(request: VideoRequest) -> tuple[int, int]:
    """How many messages, and how many videos."""
    steps = [step.args for step in compile_request(request)]
    messages = sum(isinstance(args, Prompt) for args in steps)
    return messages, sum(isinstance(args, SubmitRender) for args in steps)


def _length(request: VideoRequest) -> str:
    """The one length that the request asks for (`5s`); empty where it names none, or several."""
    return _length_in(one.text for one in request.script)


def _length_in(texts: Iterable[str]) -> str:
    lengths = {wanted_length(text) for text in texts} - {None}
    return f"{lengths.pop():g}s" if len(lengths) == 1 else ""
