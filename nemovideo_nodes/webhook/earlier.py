"""The ids that release 0.1 gave to runs, where it read a payload in another way. Pure.

They are looked up before a run is made: what was made then is not paid for once more because
a subject, a list of pictures or a title is read better now.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urljoin

from markupsafe import Markup

from nemovideo_nodes.errors import well_formed
from nemovideo_nodes.media.sniff import ACCEPTED
from nemovideo_nodes.webhook.quoting import as_digested
from nemovideo_nodes.webhook.text import MAX_FIELD

__all__ = ["EARLIER_FIELDS", "EARLIER_SUBJECTS", "earlier_images", "earlier_words"]

EARLIER_SUBJECTS: Final = MappingProxyType(
    {"strapi": "join('/', [model, to_string(entry.documentId || entry.id)])"}
)
"""By system: what a payload was about, where that is another expression now."""
EARLIER_FIELDS: Final = MappingProxyType(
    {("ghost", "description"): "(post || page).current.custom_excerpt"}
)
"""By system and field."""
_DEEPEST: Final = 50
_MOST_ITEMS: Final = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_SANITY_ASSET = re.compile(r"image-([A-Za-z0-9]+-\d+x\d+)-([a-z0-9]+)")


def earlier_images(
    system: str, payload: Mapping[str, Any], found: Any, base_url: str, most: int
) -> list[str]:
    """The URLs of a payload's pictures as they were found and written; `found` is what the
    source's own expression finds, or the system's.
    """
    listed = found if isinstance(found, list) else [found]
    if system in _OWN:
        listed = list(_OWN[system](payload))
    elif system in _RESOLVED:
        # Without its resolver, nothing had listed them.
        listed = list(_RESOLVED[system](payload)) if "assets" in payload else []
    urls = dict.fromkeys(
        _absolute(one, base_url) for one in listed if isinstance(one, str) and one.strip()
    )
    return list(urls)[:most]


def earlier_words(found: Any) -> str | list[str]:
    """A field as it was digested."""
    if isinstance(found, list):
        return [text for one in found[:_MOST_ITEMS] if (text := _text(one))]
    return _text(found)


def _text(found: Any) -> str:
    if isinstance(found, bool) or found is None or isinstance(found, dict | list):
        return ""
    if isinstance(found, float) and not math.isfinite(found):
        return ""
    text = well_formed(str(found))[: MAX_FIELD * 20]
    text = Markup(text).striptags() if "<" in text else text
    text = as_digested(" ".join(_CONTROL.sub(" ", text).split()))
    return text if len(text) <= MAX_FIELD else f"{text[: MAX_FIELD - 1]}…"


def _absolute(text: str, base_url: str) -> str:
    url = f"https:{text}" if text.startswith("//") else text.strip()
    return urljoin(base_url, url) if base_url and "://" not in url else url


def _strapi(payload: Mapping[str, Any]) -> Iterator[Any]:
    """Every medium in the entry: renditions, relations and other languages, too."""
    for one in _objects(payload.get("entry")):
        if isinstance(one.get("url"), str) and _is_picture(one):
            yield one["url"]


def _contentful(payload: Mapping[str, Any]) -> Iterator[Any]:
    """The assets that the entry itself links to; the resolver put them in the links' places."""
    for one in _objects(payload.get("fields")):
        if set(one) == {"url", "mime", "title"} and _is_picture(one):
            yield one["url"]


def _storyblok(payload: Mapping[str, Any]) -> Iterator[Any]:
    """Asset fields alone."""
    for one in _objects(payload.get("story")):
        url = one.get("filename")
        if one.get("fieldtype") == "asset" and isinstance(url, str):
            ext = url.rpartition(".")[2].lower()
            kind = ACCEPTED.get("jpg" if ext == "jpeg" else ext)
            if kind is not None and kind.kind == "image":
                yield url


def _sanity(payload: Mapping[str, Any]) -> Iterator[Any]:
    """References to images alone."""
    listed = payload.get("assets")
    urls = [one.get("url") for one in listed or () if isinstance(one, dict)]
    for one in _objects({k: v for k, v in payload.items() if k != "assets"}):
        named = _SANITY_ASSET.fullmatch(ref) if isinstance(ref := one.get("_ref"), str) else None
        if named is not None:
            ending = f"/{named[1]}.{named[2]}"
            yield next((url for url in urls if str(url).endswith(ending)), None)


def _ghost(payload: Mapping[str, Any]) -> Iterator[Any]:
    """The feature image alone."""
    thing = payload.get("post") or payload.get("page")
    current = thing.get("current") if isinstance(thing, dict) else None
    yield current.get("feature_image") if isinstance(current, dict) else None


def _images(payload: Mapping[str, Any]) -> Iterator[Any]:
    """All of the list: WooCommerce's placeholder, too, and no media of Shopify."""
    images = payload.get("images")
    for one in images if isinstance(images, Sequence) else ():
        yield one.get("src") if isinstance(one, dict) else None


_Find = Callable[[Mapping[str, Any]], Iterable[Any]]
_OWN: Final[Mapping[str, _Find]] = MappingProxyType(
    {"ghost": _ghost, "shopify": _images, "woocommerce": _images}
)
_RESOLVED: Final[Mapping[str, _Find]] = MappingProxyType(
    {
        "strapi": _strapi,
        "contentful": _contentful,
        "storyblok": _storyblok,
        "sanity": _sanity,
    }
)


def _is_picture(one: Mapping[str, Any]) -> bool:
    kind = one.get("mime")
    return isinstance(kind, str) and kind.startswith("image/")


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All objects in plain data, in order."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _objects(one, depth + 1)
