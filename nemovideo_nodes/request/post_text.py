"""The text that goes out with a video: caption, title, hashtags, alt text, link. Pure.

Counted as each platform counts (`platforms.PostTextRules`). Texts are Jinja templates over the
post's fields: expressions and filters, no loops, no calls.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.platforms import PRESETS, PostTextRules, Unit

if TYPE_CHECKING:
    import regex
    from jinja2 import Environment, Template, nodes

__all__ = [
    "UTM_FIELDS",
    "PostText",
    "TemplateFault",
    "TextFault",
    "count",
    "filled_in",
    "hashtags_in",
    "post_texts",
    "text_faults",
    "used_fields",
    "with_utm",
    "written",
]

UTM_FIELDS: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MAX_TEXT: Final = 20_000
"""Characters of one text; longer ones come from a fault in the calendar."""

_URL = re.compile(r"https?://[^\s<>\"'、，。]+", re.IGNORECASE)
_X_URL_WEIGHT: Final = 23
# twitter-text, configuration v3: these ranges weigh 1, everything else 2.
_X_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


class PostText(BaseModel):
    """The texts of one post for one platform and language, as they are to be published."""

    model_config = ConfigDict(frozen=True)

    title: str = ""
    caption: str = ""
    hashtags: tuple[str, ...] = ()
    """Each with its `#`."""
    alt_text: str = ""
    link: str = ""
    """With its UTM parameters."""

    def whole_caption(self, platform: str = "") -> str:
        """The caption as one types it there: with the link where it has its place, and hashtags."""
        rules = _rules(platform)
        in_caption = {tag.casefold() for tag in _TAG.findall(self.caption)}
        tags = " ".join(tag for tag in self.hashtags if tag.casefold() not in in_caption)
        link = self.link if rules.link_in_caption and self.link not in self.caption else ""
        return "\n\n".join(filter(None, (self.caption, link, tags)))


def post_texts(given: str | Mapping[str, Any]) -> dict[str, PostText]:
    """The texts of each platform from plain data, or from its JSON; raises `BadInput`."""
    try:
        value = json.loads(given or "{}") if isinstance(given, str) else given
        return {str(name): PostText.model_validate(text) for name, text in (value or {}).items()}
    except (ValueError, AttributeError):
        raise BadInput(
            "The texts have to be an object by platform, each with a caption, a title and so on"
        ) from None


class TemplateFault(BadInput):
    """A text of a post that cannot be filled in; `field` names it."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.field = field


class TextFault(BaseModel):
    """What a platform would not take of a text."""

    model_config = ConfigDict(frozen=True)

    field: str
    """`title`, `caption`, `hashtags` or `alt_text`."""
    sentence: str


def count(text: str, unit: Unit) -> int:
    """How long `text` is, counted in `unit`."""
    match unit:
        case Unit.BYTES:
            return len(text.encode("utf-8", "surrogatepass"))
        case Unit.UTF16:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        case Unit.GRAPHEMES:
            return len(_graphemes(text))
        case Unit.X_WEIGHT:
            return _x_weight(text)


def text_faults(text: PostText, platform: str) -> list[TextFault]:
    """What of `text` the platform would not take, in sentences; empty where it has no preset."""
    preset = PRESETS.get(platform)
    if preset is None:
        return []
    rules = preset.text
    measured = (
        ("title", text.title, rules.title, Unit.GRAPHEMES),
        ("alt_text", text.alt_text, rules.alt_text, Unit.GRAPHEMES),
        ("caption", _caption(text, platform, rules), rules.caption, rules.caption_unit),
    )
    found = []
    for field, value, limit, unit in measured:
        length = count(value, unit) if limit is not None else 0
        if limit is not None and length > limit:
            what = field.replace("_", " ")
            is_more = field == "caption" and value != text.caption
            parts = " with link and hashtags" if is_more else ""
            found.append(
                TextFault(
                    field=field,
                    sentence=f"the {what}{parts} has {length} {unit.value}, and {preset.title} "
                    f"takes {limit}: shorten it by {length - limit}",
                )
            )
    if rules.hashtags is not None and len(text.hashtags) > rules.hashtags:
        found.append(
            TextFault(
                field="hashtags",
                sentence=f"there are {len(text.hashtags)} hashtags, and {preset.title} takes "
                f"{rules.hashtags}",
            )
        )
    for field, value in (("title", text.title), ("caption", text.caption)):
        if wrong := sorted({letter for letter in rules.forbidden if letter in value}):
            found.append(
                TextFault(
                    field=field,
                    sentence=f"the {field} has {' and '.join(wrong)}, which {preset.title} does "
                    "not take",
                )
            )
    return found


_TAG = re.compile(r"#[^\s#,;|]+")
_TAG_SEPARATOR = re.compile(r"[\s,;|、，]+")


def hashtags_in(cell: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The hashtags of a cell, each once and with its `#`, and what can be no hashtag.

    They stand apart by spaces, commas, semicolons or bars; the `#` may be left out.
    """
    tags: dict[str, str] = {}
    wrong = []
    for piece in filter(None, _TAG_SEPARATOR.split(cell.replace("#", " #").replace("＃", " #"))):
        name = piece.removeprefix("#")
        if not _is_tag(name):
            wrong.append(piece)
        else:
            tags.setdefault(name.casefold(), f"#{name}")
    return tuple(tags.values()), tuple(wrong)


def _is_tag(name: str) -> bool:
    """Letters, digits, underscores and marks of any script, and not only digits."""
    fine = all(letter == "_" or unicodedata.category(letter)[0] in "LMN" for letter in name)
    return bool(name) and fine and not all(letter.isdigit() for letter in name)


def with_utm(link: str, utm: Mapping[str, str]) -> str:
    """`link` with the UTM parameters that it does not have yet; the rest stays as it is."""
    if not link or not any(utm.values()):
        return link
    parts = urlsplit(link)
    given = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    new = [(name, utm[name]) for name in UTM_FIELDS if utm.get(name) and name not in given]
    if not new:
        return link
    query = "&".join(filter(None, (parts.query, urlencode(new))))
    return urlunsplit(parts._replace(query=query))


def filled_in(
    words: Mapping[str, str], utm: Mapping[str, str], fields: Mapping[str, Any]
) -> PostText:
    """The texts of a post from its `words` (title, link, alt_text, hashtags, caption).

    Each may hold `fields`, and those of the words that come before it. Raises `TemplateFault`.
    """
    known = dict(fields)
    for name in ("title", "link", "alt_text", "hashtags", "caption"):
        known[name] = _one_filled_in(name, words.get(name, ""), known)
    utm = {name: _one_filled_in(name, value, known) for name, value in utm.items()}
    return PostText(
        title=known["title"],
        caption=known["caption"],
        hashtags=hashtags_in(known["hashtags"])[0],
        alt_text=known["alt_text"],
        link=with_utm(known["link"], utm),
    )


def _one_filled_in(name: str, template: str, fields: Mapping[str, Any]) -> str:
    try:
        return written(template, fields)
    except BadInput as error:
        raise TemplateFault(error.sentence, name) from None


def written(template: str, fields: Mapping[str, Any]) -> str:
    """A text with the post's fields put in: `{{ slug }}`, `{{ price }}`, `{{ title | upper }}`.

    Raises `BadInput` for a template that cannot be read, uses a field that is not there, or wants
    more than an expression and a filter.
    """
    if "{{" not in template and "{%" not in template and "{#" not in template:
        return template
    compiled = _compiled(template)
    from jinja2 import TemplateError

    try:
        text = compiled.render(fields)
    except TemplateError as error:
        raise BadInput(f"the template is wrong: {error}") from None
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise BadInput(f"the template cannot be filled in: {error}") from None
    if len(text) > MAX_TEXT:
        raise BadInput(f"the text has {len(text)} characters; at most {MAX_TEXT} are taken")
    return text


def used_fields(template: str) -> frozenset[str]:
    """The fields that a template uses; raises `BadInput` for one that cannot be used."""
    if "{" not in template:
        return frozenset()
    _compiled(template)
    from jinja2 import meta

    return frozenset(meta.find_undeclared_variables(_environment().parse(template)))


_FILTERS: Final = ("default", "first", "last", "length", "lower", "title", "trim", "upper")


@lru_cache(maxsize=2_000)  # a calendar's rows mostly share theirs
def _compiled(template: str) -> Template:
    environment = _environment()
    from jinja2 import TemplateError

    try:
        parsed = environment.parse(template)
        if fault := _not_allowed(parsed):
            raise BadInput(f"the template has {fault}, and only fields and filters are allowed")
        return environment.from_string(parsed)
    except TemplateError as error:
        raise BadInput(f"the template is wrong: {error}") from None
    except RecursionError:
        raise BadInput("the template is nested too deeply") from None


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    known = environment.filters
    environment.filters = {name: known[name] for name in _FILTERS}
    environment.filters["capitalize"] = known["capitalize"]
    environment.filters["urlencode"] = known["urlencode"]
    environment.globals.clear()
    return environment


def _not_allowed(template: nodes.Template) -> str:
    """What a template has that could take long or much memory, in words; empty if nothing."""
    from jinja2 import nodes

    named: dict[type[nodes.Node], str] = {
        nodes.For: "a loop",
        nodes.Call: "a call",
        nodes.Macro: "a macro",
        nodes.Mul: "a multiplication",
        nodes.Pow: "a power",
        nodes.Mod: "a % sign",
        nodes.Assign: "an assignment",
        nodes.AssignBlock: "an assignment",
        nodes.CallBlock: "a call",
        nodes.FilterBlock: "a filter block",
        nodes.Include: "an include",
        nodes.Import: "an import",
        nodes.FromImport: "an import",
        nodes.Extends: "an extends",
        nodes.Block: "a block",
        nodes.Getattr: "a dot",
        nodes.Getitem: "a bracket",
    }
    found = next(template.find_all(tuple(named)), None)
    return named[type(found)] if found is not None else ""


def _rules(platform: str) -> PostTextRules:
    return PRESETS[platform].text if platform in PRESETS else PostTextRules()


def _caption(text: PostText, platform: str, rules: PostTextRules) -> str:
    return text.whole_caption(platform) if rules.has_caption else ""


def _graphemes(text: str) -> Sequence[str]:
    if text.isascii() and "\r" not in text:
        return text
    return _cluster().findall(text)


def _x_weight(text: str) -> int:
    """As X counts: NFC, each link 23, each emoji 2, a code point 1 or 2 by its range."""
    text = unicodedata.normalize("NFC", text)
    links = _URL.findall(text)
    rest = _URL.sub("", text)
    weight = _X_URL_WEIGHT * len(links)
    for cluster in _graphemes(rest):
        weight += 2 if _is_emoji(cluster) else sum(map(_x_code_point, cluster))
    return weight


@lru_cache(maxsize=1)
def _cluster() -> regex.Pattern[str]:
    import regex

    return regex.compile(r"\X")


@lru_cache(maxsize=1)
def _emoji() -> regex.Pattern[str]:
    import regex

    return regex.compile(r"\p{Emoji_Presentation}|\p{Regional_Indicator}|\uFE0F|\u20E3")


def _is_emoji(cluster: str) -> bool:
    return not cluster.isascii() and _emoji().search(cluster) is not None


def _x_code_point(letter: str) -> int:
    return 1 if any(low <= ord(letter) <= high for low, high in _X_LIGHT) else 2
