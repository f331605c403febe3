"""Links that lead to a page with a picture on it, and not to the picture, by their form. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from nemovideo_nodes.errors import redact

__all__ = ["page_sentence", "shared_page"]

_HOSTS: Final = (
    *("drive.google.com", "docs.google.com", "photos.google.com", "photos.app.goo.gl"),
    *("1drv.ms", "onedrive.live.com", "sharepoint.com", "icloud.com", "we.tl", "wetransfer.com"),
    *("imgur.com", "flickr.com", "flic.kr", "instagram.com", "canva.com", "figma.com"),
    *("box.com", "app.box.com"),
    *("pexels.com", "pixabay.com", "unsplash.com", "notion.so", "miro.com", "airtable.com"),
)
"""Sites whose addresses without a file's ending are pages; theirs with one are looked at."""
_PATH = re.compile(r"/file/d/[^/]+/?(?:view|edit|preview)?/?$|/d/[^/]+/(?:view|edit|preview)/?$")
_FILE_END = re.compile(r"\.(?:jpe?g|png|webp|gif|mp4|mov|webm|mp3|wav|m4a|aac)$", re.IGNORECASE)


def shared_page(url: str) -> bool:
    """Whether `url` has the form of a link that is made for people to look at something."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    query = dict(parse_qsl(parts.query))
    if _is_of(host, "dropbox.com") and not host.startswith("dl."):
        return "1" not in (query.get("dl"), query.get("raw"))
    if _PATH.search(parts.path) or query.get("usp") in ("sharing", "share_link", "drive_link"):
        return True
    if _FILE_END.search(parts.path):
        return False
    if host == "drive.google.com" and parts.path == "/uc":
        return query.get("export") not in ("download", "view")
    # Hosts such as i.imgur.com and images.unsplash.com have the files themselves.
    return any(host in (name, f"www.{name}") for name in _HOSTS) or _is_of(host, "sharepoint.com")


def page_sentence(url: str) -> str:
    """What is wrong with a link to a page."""
    return (
        f"{redact(url)} is a page, not a picture: give the address of the file itself, or save "
        "the picture beside the calendar"
    )


def _is_of(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")
