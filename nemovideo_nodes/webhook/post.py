"""What goes out with the video of a delivery: platforms, and their texts from its fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.platform_names import platforms_in, unknown_platform
from nemovideo_nodes.request.post_text import (
    UTM_FIELDS,
    PostText,
    TemplateFault,
    filled_in,
    text_faults,
    used_fields,
)

__all__ = ["PostMapping", "PostNotMapped"]

_WORDS: Final = ("title", "caption", "hashtags", "alt_text", "link")
_OWN: Final = frozenset({"platform", "language", *_WORDS})
"""Fields that every text has beside the source's own; what comes before it, of the words."""


class PostNotMapped(Exception):
    """A text cannot go out as it is; the sentence says why."""


class PostMapping:
    """The `platforms` and the `post` of a source, checked; raises `BadInput`."""

    def __init__(
        self, source: str, platforms: str, texts: Mapping[str, str], fields: Mapping[str, object]
    ) -> None:
        self.platforms, strange = platforms_in(platforms)
        if strange:
            raise BadInput(f"In source {source}, {unknown_platform(strange[0])}")
        if unknown := sorted(set(texts) - {*_WORDS, *UTM_FIELDS}):
            raise BadInput(
                f"The post of source {source} has {unknown[0]!r}, which is not known: give "
                f"{', '.join((*_WORDS, *UTM_FIELDS))}"
            )
        self._words = {name: text for name, text in texts.items() if name in _WORDS}
        self._utm = {name: text for name, text in texts.items() if name in UTM_FIELDS}
        used: set[str] = set()
        for name, text in texts.items():
            try:
                used |= used_fields(text)
            except BadInput as error:
                raise BadInput(f"The {name} of source {source}: {error.sentence}") from None
        if missing := sorted(used - fields.keys() - _OWN):
            raise BadInput(
                f"The post of source {source} uses fields that it does not have: "
                f"{', '.join(missing)}"
            )
        self.fields = frozenset(used & fields.keys())
        """The source's fields of which the texts are made."""

    def texts(self, fields: Mapping[str, Any], language: str) -> dict[str, PostText]:
        """The text of each platform; none where no text is mapped. Raises `PostNotMapped`."""
        if not self._words:
            return {}
        found = {}
        for platform in self.platforms or ("",):
            known = {
                **dict.fromkeys(_OWN, ""),
                **{name: _as_text(value) for name, value in fields.items()},
                "platform": platform,
                "language": language,
            }
            try:
                text = filled_in(self._words, self._utm, known)
            except TemplateFault as error:
                raise PostNotMapped(f"its {error.field}: {error.sentence}") from None
            for fault in text_faults(text, platform):
                raise PostNotMapped(fault.sentence)
            found[platform] = text
        return found


def _as_text(value: Any) -> str:
    """A field as text: of a list, such as tags, all of it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
