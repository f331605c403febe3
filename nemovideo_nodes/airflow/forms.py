"""The fields of the trigger form that most DAGs share, and what is refused before anything is paid.

A field with a section is collapsed in the form, so the ones that a person needs have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from nemovideo_nodes.profiles import BUILT_IN, DEFAULT_PROFILE
from nemovideo_nodes.request.platforms import ASPECTS, PRESETS

__all__ = [
    "APPROVAL",
    "ASPECT",
    "BUDGET",
    "DUE",
    "HANDED_OVER",
    "HANDOVER",
    "OVER_BUDGET",
    "PICTURES",
    "PLATFORM",
    "PROFILE",
    "PROMPT",
    "SAME_ACCOUNT",
    "SYNTHETIC_MEDIA",
    "chosen_pictures",
    "requested_changes",
]

PICTURES = Param(
    [],
    type=["array", "null"],
    items={"type": "string"},
    title="Pictures",
    description="One per line: a file or a folder on the workers, or a URL. Without pictures the "
    "video is made from the text alone.",
)
PROMPT = Param(
    "",
    type=["string", "null"],
    format="multiline",
    maxLength=20_000,
    title="What the video should be",
    description="A sentence or more, in English or Chinese. Empty: the profile's own instruction.",
)
PLATFORM = Param(
    "",
    type=["string", "null"],
    enum=["", *PRESETS, None],
    values_display={name: preset.title for name, preset in PRESETS.items()} | {"": "any"},
    title="Platform",
    description="Where the video will be shown; it sets the frame.",
)
ASPECT = Param(
    "",
    type=["string", "null"],
    enum=["", *ASPECTS, None],
    values_display={name: f"{word} {name}" for name, word in ASPECTS.items()} | {"": "any"},
    title="Frame",
    description="Used instead of the platform's frame.",
)
PROFILE = Param(
    DEFAULT_PROFILE,
    type="string",
    examples=sorted(BUILT_IN),
    title="Profile",
    description="The skill to use: its name, or the path of a skill document on the workers.",
    section="More",
)
SAME_ACCOUNT = Param(
    False,
    type="boolean",
    title="Same account",
    description="The connection has a new token of the account that started the run.",
    section="More",
)

APPROVAL = Param(
    "",
    type=["string", "null"],
    examples=["before_paying", "before_export", "before_handover"],
    title="Approval",
    description="What a person has to approve among the required actions, and maybe within which "
    "time: before_export within 3d. Empty: what the connection says.",
    section="More",
)

OVER_BUDGET = Param(
    False,
    type="boolean",
    title="Over budget",
    description="Lets the run go over the budget that holds it.",
    section="More",
)


HANDED_OVER = Param(
    False,
    type="boolean",
    title="Handed over",
    description="The publisher has the post of the run, which was in doubt.",
    section="More",
)
HANDOVER = Param(
    "",
    type=["string", "null"],
    title="Hand over to",
    description="A publisher of the workers' handover.toml that gets the video, once.",
    section="More",
)
DUE = Param(
    "",
    type=["string", "null"],
    title="Due",
    description="When it is to be published there, such as 2026-03-02 09:00+01:00.",
    section="More",
)
SYNTHETIC_MEDIA = Param(
    True,
    type="boolean",
    title="Synthetic media",
    description="Whether it is to be labelled as made or changed by AI.",
    section="More",
)
BUDGET = Param(
    None,
    type=["number", "null"],
    exclusiveMinimum=0,
    title="Budget",
    description="The most credits of this run; what does not fit is held for a person.",
    section="More",
)


def chosen_pictures(params: Mapping[str, Any], *, required: bool = False) -> list[str]:
    """The pictures of the form; fails the task where there is nothing to make a video of."""
    from nemovideo_nodes.airflow.outcome import raise_task_error
    from nemovideo_nodes.errors import BadInput, Remedy

    pictures = [one for one in params.get("images") or [] if one and one.strip()]
    if not pictures and (required or not (params.get("prompt") or "").strip()):
        remedy = None if required else Remedy.GIVE_MEDIA
        sentence = (
            "There are no pictures: give at least one in `images`"
            if required
            else ("There is nothing to make a video of")
        )
        raise_task_error(BadInput(sentence, remedy=remedy))
    return pictures


def requested_changes(params: Mapping[str, Any]) -> list[str]:
    """The changes of the form; fails the task where there are none, before anything is paid."""
    from nemovideo_nodes.airflow.outcome import raise_task_error
    from nemovideo_nodes.errors import BadInput

    changes = [one for one in params.get("changes") or [] if one and one.strip()]
    if not changes:
        raise_task_error(
            BadInput(
                "There are no changes: say in `changes` what to change, or use the DAG "
                "image_to_video for a video without changes"
            )
        )
    return changes
