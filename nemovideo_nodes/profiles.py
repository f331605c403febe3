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

_FRONTMATTER = re.compile(
    r"\A(?:\s|<!--.*?-->|```\w*\n)*---[ \t]*\n(?P<yaml>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_FIELD = re.compile(r"(?mi)^(?P<name>name|version|language)[ \t]*:[ \t]*(?P<value>[^\n]*)")
_NOTHING = ("", "~", "null")
"""How YAML writes that a field has no value."""
_NOT_PLAIN = "[{!&*|>%@`"
"""What no plain value begins with in YAML."""
_QUICK_EDIT = re.compile(
    r"(?i)(?<![\[#])(?:\bquick[\s_-]*edit(?:s|ing)?\b|快速(?:编辑|編輯|剪辑|剪輯|制作|製作)"
    r"|一[键鍵](?:编辑|編輯|剪辑|剪輯)|\bedici[óo]n r[áa]pida\b|\bedi[çc][ãa]o r[áa]pida\b"
    r"|\bschnelle bearbeitung\b|\bschnellbearbeitung\b|\b(?:montage|[ée]dition) rapide\b"
    r"|\bmodifica rapida\b|クイック編集|빠른 ?편집)"
)
_TRY_SAYING = re.compile(r"(?i)\btry saying\b|试试(?:这样|这么)?说|(?:可以|试着)(?:这样|这么)?说")
_QUOTED = re.compile(
    r"[\"“](?P<text>[^\"“”]{4,500})[\"”]|(?<!`)`(?P<code>[^`\n]{4,500})`(?!`)"
    r"|[「『](?P<corner>[^「」『』]{4,500})[」』]|«(?P<angle>[^«»]{4,500})»"
    r"|(?<![^\s:：|(])['‘](?P<single>(?:[^'‘’\n]|(?<=\w)['’](?=\w)){4,500})['’](?![^\s.,;|)])"
    r"|(?m:^(?P<fence>```|~~~)\w*\n(?P<block>[^`~]{4,500}?)\n(?P=fence))"
)
_SHORTEST = 8
"""Characters of an example; Chinese says in half of them what others say."""
_TO_FILL_IN = re.compile(r"[{}]|<[^<>]+>|\[[^\[\]]+\]")
"""What is left of a template."""
_LABEL = re.compile(r"(?m)^[ \t>]*(?:[-*+] |\d+[.)] )?(?:\*\*[^*\n]+\*\*|#{1,6} )")
"""Begins another section, or another entry of a list with bold names."""
_HEADING = re.compile(r"(?m)^#{1,6} ")
_MISREAD = re.compile(r"[ÂÃâä-ï][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸ]")
"""UTF-8 that somebody has read as Latin-1 and written again."""
_LONGEST_SECTION = 3000


def platform_of(path: str) -> str:
    """The platform that an install path tells, by the vendor's own rule."""
    parts = path.replace("\\", "/")
    if "/.clawhub/" in parts:
        return "clawhub"
    return "cursor" if "/.cursor/skills/" in parts else "unknown"


def parse_skill(text: str, *, where: str, platform: str = "unknown") -> Profile:
    """The profile of a skill document; `where` names it in the error that a bad one raises."""
    text = _repaired(text).lstrip("\ufeff\u200b\u2060")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _FRONTMATTER.match(text)
    if found is None:
        raise BadInput(
            f"{where} has no frontmatter between two lines of ---, so it is not a skill document"
        )
    fields = _fields(found["yaml"])
    name, version = fields.get("name"), fields.get("version")
    if not name or not isinstance(name, str):
        raise BadInput(f"The frontmatter of {where} has no name")
    language = fields.get("language")
    try:
        return Profile(
            name=name,
            version=version if isinstance(version, str) and version not in _NOTHING else "1.0.0",
            platform=platform,
            language=language if isinstance(language, str) and language not in _NOTHING else None,
            default_instruction=_default_instruction(text[found.end() :]),
        )
    except ValueError:
        raise BadInput(
            f"The name and version of {where} must be plain ASCII text, "
            "since they go into HTTP headers"
        ) from None


def _fields(frontmatter: str) -> dict[str, object]:
    """The fields of a frontmatter; line by line where it is not valid YAML, as many are not."""
    import yaml

    try:
        # All scalars as text: version 1.10 is not 1.1, and the language no is not False.
        fields = yaml.load(frontmatter, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        fields = {}
        for line in _FIELD.finditer(frontmatter):
            value = re.sub(r"\s+#.*$", "", line["value"].strip())
            if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
                value = value[1:-1]
            if value and value[0] not in _NOT_PLAIN:
                fields.setdefault(line["name"].lower(), value)
    return {str(name).lower(): value for name, value in fields.items()} | fields


def _default_instruction(body: str) -> str:
    """The text of the skill's "Quick edit", else its second example, else its first.

    The first "Try saying" is often what is left of a template.
    """
    for place in _QUICK_EDIT.finditer(body):
        if texts := _usable(_quoted(body, place.end(), _LABEL)):
            return texts[0]
    for place in _TRY_SAYING.finditer(body):
        first, *more = [*_quoted(body, place.end(), _HEADING), ""]
        if texts := _usable([*more[:1], first, *more[1:]]):
            return texts[0]
    return ""


def _usable(texts: list[str]) -> list[str]:
    return [text for text in texts if text and not _TO_FILL_IN.search(text)]


def _quoted(body: str, start: int, end: re.Pattern[str]) -> list[str]:
    """The quoted texts from `start` to where the next section begins."""
    line_end = body.find("\n", start)
    following = end.search(body, line_end) if line_end >= 0 else None
    stop = min(following.start() if following else len(body), start + _LONGEST_SECTION)
    found = (_said(quote) for quote in _QUOTED.finditer(body, start, stop))
    texts = (" ".join(text.split()).removesuffix("\\") for text in found)
    return [text for text in texts if len(text) >= _SHORTEST or not text.isascii()]


def _said(quote: re.Match[str]) -> str:
    return next((text for name, text in quote.groupdict().items() if text and name != "fence"), "")


def _repaired(text: str) -> str:
    """The text without the damage of being read in another encoding, where there is any."""
    if not _MISREAD.search(text):
        return text
    return "\n".join(map(_repaired_line, text.split("\n")))


def _repaired_line(line: str) -> str:
    for encoding in ("cp1252", "latin-1"):
        try:
            return line.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return line
