"""Feeds as calendars that are only read: RSS, Atom, product feeds of Google Merchant. Pure.

An item is a post: its pictures, title, price and link. It is due when it was published; a product
has no such time. The parser resolves no entities and fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import Item

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["INSTRUCTION", "is_product_table", "item_of_product", "items_of_feed"]

INSTRUCTION: Final = "Make a 12 second vertical video"
"""As for a webhook without a template of its own; title and price stand behind it in quotes."""

_ITEMS: Final = ("item", "entry")
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|gif)$", re.IGNORECASE)
_IMG = re.compile(r"<img\b[^>]{0,2000}?\bsrc\s*=\s*[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_MAX_TITLE: Final = 200
_PRODUCT_HEADS: Final = frozenset(("id", "title", "link", "image_link", "price"))

_Parts = Mapping[str, list[str]]
"""The texts of an item, by the names of their elements or columns."""


def items_of_feed(data: bytes) -> list[Item]:
    """The items of a feed, in its order; raises `BadInput` where it is not one."""
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError:
        raise BadInput('feeds need defusedxml: pip install "nemovideo-nodes[calendar]"') from None
    try:
        root = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise BadInput(
            "the feed declares a document type or entities, which are not read"
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise BadInput(f"it is not valid XML: {error}") from None
    if _name(root) not in ("rss", "feed", "RDF", "channel"):
        raise BadInput(f"it is not an RSS, Atom or product feed: its root is {_name(root)[:40]!r}")
    return [_item_of_element(number, one) for number, one in enumerate(_items(root), 1)]


def _items(root: Element) -> Iterator[Element]:
    return (element for element in root.iter() if _name(element) in _ITEMS)


def is_product_table(heads: Sequence[str]) -> bool:
    """Whether a table has the columns of a product feed, as shops export them for Google."""
    return set(map(_product_head, heads)) >= _PRODUCT_HEADS


def item_of_product(row: int, heads: Sequence[str], cells: Sequence[object]) -> Item:
    """A row of such a table."""
    parts: dict[str, list[str]] = {}
    for head, cell in zip(heads, cells, strict=True):
        if text := str("" if cell is None else cell).strip():
            parts.setdefault(_product_head(head), []).append(text)
    own = {head: texts[0] for head in heads if (texts := parts.get(_product_head(head)))}
    return _item(row, parts, _first(parts, "link"), _linked_pictures(parts), own)


def _product_head(head: str) -> str:
    return re.sub(r"[\s-]+", "_", head.strip().casefold()).removeprefix("g:")


def _item_of_element(number: int, element: Element) -> Item:
    parts: dict[str, list[str]] = {}
    for child in element:
        if text := "".join(child.itertext()).strip():
            parts.setdefault(_name(child), []).append(text)
    return _item(number, parts, _link(element, parts), _pictures(element, parts))


def _item(
    number: int,
    parts: _Parts,
    link: str,
    pictures: Iterable[str],
    own: Mapping[str, str] = MappingProxyType({}),
) -> Item:
    title = _plain_text(_first(parts, "title"))[:_MAX_TITLE]
    price = _first(parts, "sale_price") or _first(parts, "price")
    pairs: list[tuple[str, object]] = [
        ("slug", _slug(parts, title, link)),
        ("images", list(dict.fromkeys(pictures))),
        ("prompt", _prompt(title, price)),
        ("title", title),
        ("caption", ""),
        ("link", link),
    ]
    due = _published(parts)
    if due is not None:
        pairs.append(("due", due))
    extra = {
        **own,
        "price": price,
        "description": _plain_text(_first(parts, "description", "summary")),
    }
    return Item(number, tuple(pairs), needs_due=False, extra={k: v for k, v in extra.items() if v})


def _slug(parts: _Parts, title: str, link: str) -> str:
    """What the item is known by as long as it is the same one: its id, its link, its title."""
    return (_first(parts, "id", "guid") or link or title).strip()


def _prompt(title: str, price: str) -> str:
    named = f' titled "{title.replace(chr(34), chr(39))}"' if title else ""
    priced = f", with the price {price} at the end" if price else ""
    return f"{INSTRUCTION}{named}{priced}."


def _pictures(element: Element, parts: _Parts) -> Iterator[str]:
    own = list(_own_pictures(element, parts))
    yield from own
    if not own:  # a small copy of a picture
        for child in element.iter():
            if _name(child) == "thumbnail" and child.get("url"):
                yield child.get("url") or ""
    if not parts.get("image_link"):
        for name in ("encoded", "description", "content", "summary"):
            for text in parts.get(name, ()):
                yield from (unescape(url) for url in _IMG.findall(text))


def _linked_pictures(parts: _Parts) -> Iterator[str]:
    for name in ("image_link", "additional_image_link"):
        for text in parts.get(name, ()):
            yield from (one.strip() for one in re.split(r",(?=\s*https?://)", text) if one.strip())


def _own_pictures(element: Element, parts: _Parts) -> Iterator[str]:
    yield from _linked_pictures(parts)
    small = {id(one) for group in element.iter() for one in _smaller(group)}
    for child in element.iter():
        if id(child) in small:
            continue
        name = _name(child)
        url = child.get("url") or child.get("href") or ""
        kind = child.get("type") or ""
        is_media = child.get("medium") == "image" or kind.startswith("image/")
        is_picture = is_media or (not kind and _PICTURE.search(urlsplit(url).path) is not None)
        enclosed = name == "enclosure" or (name == "link" and child.get("rel") == "enclosure")
        if url and ((enclosed or name == "content") and is_picture):
            yield url


def _smaller(group: Element) -> list[Element]:
    """All but the largest of a media:group, which has one picture in several sizes."""
    if _name(group) != "group":
        return []
    sizes = [one for one in group if _name(one) == "content"]
    largest = max(sizes, key=lambda one: int(f"0{one.get('width') or ''}".strip()), default=None)
    return [one for one in sizes if one is not largest]


def _link(element: Element, parts: _Parts) -> str:
    for child in element:
        is_own = _name(child) == "link" and child.get("rel", "alternate") == "alternate"
        if is_own and (url := child.get("href")):
            return url
    return _first(parts, "link")


def _published(parts: _Parts) -> datetime | str | None:
    """When it was published, with its zone; text that is not such a time is a problem later."""
    text = _first(parts, "pubDate", "published", "date", "issued", "updated")
    if not text:
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return text


def _first(parts: _Parts, *names: str) -> str:
    return next((parts[name][0] for name in names if parts.get(name)), "")


def _plain_text(text: str) -> str:
    return " ".join(unescape(_TAGS.sub(" ", text)).split())


def _name(element: Element) -> str:
    tag: object = element.tag  # a function where it is a comment
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
