"""A skill's attribution: the two built-in skills, and any skill document's frontmatter. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, field_validator

from nemovideo_nodes.errors import BadInput

__all__ = ["BUILT_IN", "DEFAULT_PROFILE", "Profile", "parse_skill", "platform_of"]


class Profile(BaseModel):
    """What a skill adds to each request: the three attribution headers and its own habits."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str = "1.0.0"
    platform: str = "unknown"
    language: str | None = None
    """Goes into the session's body where the skill gives one."""
    default_instruction: str = ""
    advice: str = ""
    """What the skill tells people about their pictures."""

    @field_validator("name", "version", "platform")
    @classmethod
    def _fits_a_header(cls, value: str) -> str:
        value = value.strip()
        if not value or not (value.isascii() and value.isprintable()):
            raise ValueError("must be plain ASCII text, since it goes into an HTTP header")
        return value

    @property
    def headers(self) -> dict[str, str]:
        """The three attribution headers; without them export answers 402."""
        return {
            "X-Skill-Source": self.name,
            "X-Skill-Version": self.version,
            "X-Skill-Platform": self.platform,
        }


DEFAULT_PROFILE: Final = "image-to-video-canva"

BUILT_IN: Final = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                name="ai-image-to-video-miricanvas",
                default_instruction=(
                    "turn my images into a smooth animated video with transitions"
                ),
                advice="Fewer images with clear subjects animate more smoothly.",
            ),
            Profile(
                name=DEFAULT_PROFILE,
                language="en",
                default_instruction=(
                    "turn my product images into a 15-second promotional video "
                    "with transitions and music"
                ),
                advice="Images of the same dimensions make smoother transitions.",
            ),
        )
    }
)

_FRONTMATTER = re.compile(r"\A---[ \t]*\r?\n(?P<yaml>.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TRY_SAYING = re.compile(r"(?im)^.*\btry saying\b.*$")
_QUOTED = re.compile(r"[\"“](?P<text>[^\"“”]{8,})[\"”]")


def platform_of(path: str) -> str:
    """The platform that an install path tells, by the vendor's own rule."""
    parts = path.replace("\\", "/")
    if "/.clawhub/" in parts:
        return "clawhub"
    return "cursor" if "/.cursor/skills/" in parts else "unknown"


def parse_skill(text: str, *, where: str, platform: str = "unknown") -> Profile:
    """The profile of a skill document; `where` names it in the error that a bad one raises."""
    import yaml

    found = _FRONTMATTER.match(text.removeprefix("\ufeff"))
    if found is None:
        raise BadInput(f"{where} has no frontmatter between two lines of ---: it is no skill")
    try:
        # All scalars as text: version 1.10 is not 1.1, and the language no is not False.
        fields = yaml.load(found["yaml"], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        raise BadInput(f"The frontmatter of {where} is no valid YAML") from None
    fields = fields if isinstance(fields, dict) else {}
    name, version = fields.get("name"), fields.get("version") or "1.0.0"
    if not name or not isinstance(name, str):
        raise BadInput(f"The frontmatter of {where} has no name")
    language = fields.get("language")
    said = _TRY_SAYING.search(text)
    example = _QUOTED.search(text, said.start()) if said else None
    try:
        return Profile(
            name=name,
            version=version if isinstance(version, str) else "1.0.0",
            platform=platform,
            language=language if language and isinstance(language, str) else None,
            default_instruction=" ".join(example["text"].split()) if example else "",
        )
    except ValueError:
        raise BadInput(
            f"The name and version of {where} must be plain ASCII text, "
            "since they go into HTTP headers"
        ) from None
