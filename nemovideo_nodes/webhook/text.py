"""Values of a payload as plain text: markup, entities, rich text and translations. Pure."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nemovideo_nodes.errors import well_formed

__all__ = ["MAX_FIELD", "one_line", "plain_text", "plain_value"]

MAX_FIELD: Final = 1_000
"""Characters of a field that an instruction uses."""
_DEEPEST: Final = 20
_MOST_ITEMS: Final = 50
# Also the private-use characters that mark values while an instruction is put together.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ue000\ue001]+")
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_INLINE = (
    "a|abbr|acronym|audio|b|bdi|bdo|big|button|cite|code|data|del|dfn|em|font|i|iframe|img|input|"
    "ins|kbd|label|map|mark|meter|object|output|picture|progress|q|ruby|rp|rt|s|samp|small|source|"
    "span|strike|strong|sub|sup|svg|path|time|tt|u|var|video|wbr"
)
_BLOCK = (
    "address|article|aside|blockquote|body|br|canvas|caption|center|col|colgroup|dd|details|div|dl|"
    "dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|li|link|main|meta|nav|"
    "noscript|ol|optgroup|option|p|pre|section|select|summary|table|tbody|td|textarea|tfoot|th|"
    "thead|title|tr|ul"
)
_HIDDEN_CONTENT = re.compile(r"(?is)<(script|style|template)\b[^<>]*>.*?</\1\s*>|<!--.*?-->")
_INLINE_TAG = re.compile(rf"(?i)</?(?:{_INLINE})(?:\s[^<>]*)?/?>")
_BLOCK_TAG = re.compile(rf"(?i)</?(?:{_BLOCK}|script|style|template)(?:\s[^<>]*)?/?>")
_LOCALE = re.compile(r"(?P<language>[a-z]{2})(?:[-_][A-Za-z0-9]{2,8})*")
# ISO 639-1: a key such as "id" or "url" must not be taken for a translation.
_CODES: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg "
    "li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or "
    "os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta "
    "te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_LANGUAGES: Final = frozenset(_CODES.split())
_LANGUAGE_KEYS: Final = ("language", "locale", "lang", "_key")
"""Where the entries of a list of translations say their language (Sanity's plugins)."""


def plain_value(found: Any, languages: Sequence[str] = ()) -> str | list[str]:
    """A field as an instruction may use it: one line of text, or a list of them.

    Of translations the first of `languages` that there is counts, else English, else the first.
    """
    found = _translated(found, languages)
    if isinstance(found, list) and not _is_rich_text(found):
        texts = (plain_text(_translated(one, languages)) for one in found[:_MOST_ITEMS])
        return [text for text in texts if text]
    return plain_text(found)


def plain_text(found: Any) -> str:
    """One line of text without markup; empty for what is neither text nor a number."""
    if isinstance(found, dict | list):
        found = _rich_text(found) if _is_rich_text(found) else ""
    if isinstance(found, bool) or found is None:
        return ""
    if isinstance(found, float) and not math.isfinite(found):
        return ""
    text = well_formed(str(found))[: MAX_FIELD * 20]
    if "<" in text:
        text = _BLOCK_TAG.sub(" ", _INLINE_TAG.sub("", _HIDDEN_CONTENT.sub(" ", text)))
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = one_line(text)
    return text if len(text) <= MAX_FIELD else f"{text[: MAX_FIELD - 1]}…"


def one_line(text: str) -> str:
    """`text` without control characters and without what turns the direction of writing."""
    return " ".join(_INVISIBLE.sub("", _CONTROL.sub(" ", text)).split())


def _translated(found: Any, languages: Sequence[str]) -> Any:
    """The one translation that counts, where `found` is an object or a list of translations."""
    if isinstance(found, dict):
        known = {
            key: value for key, value in found.items() if isinstance(key, str) and key[:1] != "_"
        }
        if known and all(_is_locale(key) for key in known):
            return _chosen(known, languages)
        return found.get("current") if found.get("_type") == "slug" else found
    if isinstance(found, list) and found and all(_translation(one) for one in found):
        return _chosen(dict(pair for one in found if (pair := _translation(one))), languages)
    return found


def _translation(one: Any) -> tuple[str, Any] | None:
    if not isinstance(one, dict) or "value" not in one:
        return None
    named = (one.get(key) for key in _LANGUAGE_KEYS)
    language = next((name for name in named if isinstance(name, str) and _is_locale(name)), None)
    return None if language is None else (language, one["value"])


def _chosen(known: Mapping[str, Any], languages: Sequence[str]) -> Any:
    present = {key: value for key, value in known.items() if value not in (None, "", [])}
    for wanted in (*languages, "en"):
        name = wanted.lower().replace("_", "-")
        for shorter in (name, name.partition("-")[0]):
            for key, value in present.items():
                mine = key.lower().replace("_", "-")
                if shorter and (mine == shorter or mine.partition("-")[0] == shorter):
                    return value
    return next(iter(present.values()), None)


def _is_locale(key: str) -> bool:
    found = _LOCALE.fullmatch(key)
    return found is not None and found["language"] in _LANGUAGES


def _is_rich_text(found: Any) -> bool:
    """Whether it is a document of an editor: Sanity's, Prismic's, Strapi's, Contentful's…"""
    first = found[0] if isinstance(found, list) and found else found
    if not isinstance(first, dict):
        return False
    if isinstance(found, list):
        kind = first.get("type", first.get("_type"))
        return isinstance(kind, str) and ("children" in first or "text" in first)
    return first.get("nodeType") == "document" or (
        first.get("type") in ("doc", "root") and ("content" in first or "children" in first)
    )


def _rich_text(found: Any) -> str:
    blocks = found if isinstance(found, list) else found.get("content") or found.get("children")
    listed = blocks if isinstance(blocks, list) else []
    return " ".join(" ".join("".join(_texts(block)) for block in listed).split())


def _texts(node: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST or not isinstance(node, dict):
        return
    text = node.get("text", node.get("value") if node.get("nodeType") == "text" else None)
    if isinstance(text, str):
        yield text
    for name in ("children", "content"):
        inner = node.get(name)
        for one in inner if isinstance(inner, list) else ():
            yield from _texts(one, depth + 1)
            if isinstance(one, dict) and ("children" in one or "content" in one):
                yield " "
