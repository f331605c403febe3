"""The fields of the trigger form that most DAGs share.

A field with a section comes up folded away, so the ones that a person needs have none.
"""

from __future__ import annotations

from airflow.sdk import Param

from nemovideo_nodes.profiles import BUILT_IN, DEFAULT_PROFILE
from nemovideo_nodes.request.platforms import ASPECTS, PRESETS

__all__ = ["ASPECT", "PICTURES", "PLATFORM", "PROFILE", "PROMPT"]

PICTURES = Param(
    [],
    type=["array", "null"],
    items={"type": "string"},
    title="Pictures",
    description="One a line: a file or a folder on the workers, or a URL. None: words alone.",
)
PROMPT = Param(
    "",
    type=["string", "null"],
    format="multiline",
    maxLength=20_000,
    title="What the video should be",
    description="In a sentence or a few, in English or Chinese. Empty: the profile's own words.",
)
PLATFORM = Param(
    "",
    type=["string", "null"],
    enum=["", *PRESETS, None],
    values_display={name: preset.title for name, preset in PRESETS.items()} | {"": "any"},
    title="Platform",
    description="Asks for the frame that it wants.",
)
ASPECT = Param(
    "",
    type=["string", "null"],
    enum=["", *ASPECTS, None],
    values_display={name: f"{word} {name}" for name, word in ASPECTS.items()} | {"": "any"},
    title="Frame",
    description="Goes before the platform's own.",
)
PROFILE = Param(
    DEFAULT_PROFILE,
    type="string",
    examples=sorted(BUILT_IN),
    title="Profile",
    description="The skill that speaks: its name, or the path of a skill document on the workers.",
    section="More",
)
