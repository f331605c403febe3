"""What can be seen of a calendar before anything is made: its pictures, its URLs, its profiles."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, Unreachable, redact
from nemovideo_nodes.ledger.store import REMOTE
from nemovideo_nodes.media.sniff import HEAD_BYTES, sniff
from nemovideo_nodes.request.calendar import unreadable
from nemovideo_nodes.request.calendar_links import page_sentence, shared_page
from nemovideo_nodes.request.calendar_model import CalendarPost, Problem, Reading
from nemovideo_nodes.request.calendar_rows import rows_named
from nemovideo_nodes.settings import MediaAccess, Settings, find_profile
from nemovideo_nodes.workspace.calendar_names import check_names
from nemovideo_nodes.workspace.calendar_places import Places
from nemovideo_nodes.workspace.calendar_source import CalendarSource, read_calendar_from
from nemovideo_nodes.workspace.remote_media import is_url, peek_media

__all__ = ["Checked", "check_calendar", "check_posts"]

_AT_ONCE: Final = 8
_WHOLE_S: Final = 60.0
"""How long URLs are looked at together; a note names what was left out."""
_MOST_LOOKED_AT: Final = 2_000
_OF_WINDOWS = re.compile(r"(?:^|/)(?:[A-Za-z]:[\\/]|\\\\)")
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"mif1")

Look = Callable[[str], bytes]
"""The first bytes of what is behind a URL; raises `BadInput` or `Unreachable`."""


@dataclass(frozen=True)
class Checked:
    """A calendar that was read and looked at; no source: it could not be had."""

    source: CalendarSource | None
    reading: Reading

    @property
    def exit_code(self) -> int:
        """0 without problems, 1 with some, 2 where it could not be read at all."""
        problems = self.reading.problems
        if any(problem.row is None for problem in problems):
            return 2
        return 1 if problems else 0

    def as_json(self) -> dict[str, Any]:
        """What `calendar check --json` prints."""
        return {
            "posts": [_post_json(post) for post in self.reading.posts],
            "problems": [problem.model_dump() for problem in self.reading.problems],
            "notes": list(self.reading.notes),
        }


def check_calendar(
    name: str,
    timezone: str = "UTC",
    access: MediaAccess | None = None,
    *,
    settings: Settings | None = None,
) -> Checked:
    """Read the calendar at `name`, and look at all that its posts need.

    What is wrong with it, or with the time zone, is told in the problems. With `settings`, its
    publishers and accounts are looked up, too.
    """
    access = access or (settings.media_access if settings is not None else MediaAccess())
    try:
        source, reading = read_calendar_from(name, timezone, access)
    except BadInput as error:
        return Checked(None, Reading(problems=(unreadable(error.sentence),)))
    if source is not None:
        reading = check_posts(source, reading, lambda url: peek_media(url, access))
        if settings is not None:
            reading = check_names(reading, settings)
    return Checked(source, reading)


def check_posts(source: CalendarSource, reading: Reading, look: Look) -> Reading:
    """The reading without the posts whose pictures or profile cannot be used."""
    places = {name: source.picture(name) for post in reading.posts for name in post.images}
    urls = [place for place in dict.fromkeys(places.values()) if is_url(place)]
    faults, notes = _look_at(urls, look)
    for place in dict.fromkeys(places.values()):
        if not is_url(place) and (fault := _file_fault(place)):
            faults[place] = fault
    posts, problems = [], list(reading.problems)
    for post in reading.posts:
        found = [
            *_image_problems(post, places, faults),
            *_profile_problems(post),
        ]
        problems += found
        if not found:
            posts.append(post)
    bare = [post.row for post in posts if not (post.images or post.prompt or post.words)]
    if bare:
        notes.append(
            f"Neither a picture nor a prompt, so nothing can be made yet: {rows_named(bare)}"
        )
    problems.sort(key=lambda problem: problem.row or 0)
    return replace(
        reading,
        posts=tuple(posts),
        problems=tuple(problems),
        notes=(*reading.notes, *notes),
    )


def _image_problems(
    post: CalendarPost, places: dict[str, str], faults: dict[str, str]
) -> Iterator[Problem]:
    for name in post.images:
        if fault := faults.get(places[name]):
            yield Problem(row=post.row, column=post.head_of("images"), value=name, message=fault)


def _profile_problems(post: CalendarPost) -> Iterator[Problem]:
    if post.profile:
        try:
            find_profile(post.profile)
        except BadInput as error:
            message = _as_part(error.sentence)
            column = post.head_of("profile")
            yield Problem(row=post.row, column=column, value=post.profile, message=message)


def _look_at(urls: Iterable[str], look: Look) -> tuple[dict[str, str], list[str]]:
    """What is wrong with URLs, and a note about those that cannot be seen now."""
    faults: dict[str, str] = {}
    asked: dict[str, Future[bytes]] = {}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for url in urls:
            if shared_page(url):
                faults[url] = page_sentence(url)
            else:
                asked[url] = pool.submit(_head, url, look)
        done, _ = wait(asked.values(), timeout=_WHOLE_S)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    unseen = []
    for url, answer in asked.items():
        if answer not in done:
            unseen.append(url)
            continue
        try:
            fault = _head_fault(url, answer.result())
        except (Unreachable, StoreError):
            unseen.append(url)
        except NemoVideoError as error:
            faults[url] = _as_part(error.sentence)
        else:
            if fault:
                faults[url] = fault
    if not unseen:
        return faults, []
    shown = ", ".join(map(redact, unseen[:5])) + (", …" if len(unseen) > 5 else "")
    return faults, [f"Not looked at, since nothing answers there now: {shown}"]


def _head(url: str, look: Look) -> bytes:
    if not url.startswith(REMOTE):
        return look(url)
    store, key = Places().object(url)
    if store.size(key) is None:
        raise BadInput(f"There is no object {url}")
    with store.local(key) as path, path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _file_fault(place: str) -> str:
    try:
        path = Path(place)
        if path.is_dir():
            names = (one for one in path.iterdir() if one.is_file() and one.name[:1] != ".")
            if not any(_is_image(one) for one in names):
                return "the folder holds no image (jpg, png, webp or gif)"
            return ""
        if not path.exists():
            return _no_file(path, place)
        if not path.is_file():
            return "it is not a regular file"
        with path.open("rb") as file:
            return _head_fault(path.name, file.read(HEAD_BYTES))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"it cannot be read: {reason}"


def _no_file(path: Path, place: str) -> str:
    if any(part.startswith("www.") for part in path.parts):
        return "it is an address without its beginning: write https:// before it"
    name = path.name
    if _OF_WINDOWS.search(place):
        return (
            "it is a place on a Windows computer: put the file beside the calendar, and "
            "write its name alone"
        )
    for written in (unquote(name), name.replace("\\", "/")):
        if written != name and path.parent.joinpath(written).exists():
            return f"there is no file '{name}' beside the calendar: did you mean {written}?"
    other = " (write / between its folders)" if "\\" in name else ""
    return f"there is no file '{name}' beside the calendar: {_nearest(path)}{other}"


def _nearest(path: Path) -> str:
    """A file that may be meant, where one lies there; names differ in case, ending or a letter."""
    if "*" in path.name:
        return "name one file or a folder"
    try:
        lying = [one.name for one in itertools.islice(path.parent.iterdir(), _MOST_LOOKED_AT)]
    except OSError:
        return "check its name"
    by_folded = {name.casefold(): name for name in lying}
    near = difflib.get_close_matches(path.name.casefold(), by_folded, n=1, cutoff=0.8)
    return f"did you mean {by_folded[near[0]]}?" if near else "check its name"


def _is_image(path: Path) -> bool:
    with path.open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES))
    return kind is not None and kind.kind == "image"


def _head_fault(name: str, head: bytes) -> str:
    shown = redact(name)
    if not head:
        return f"{shown} is empty"
    if sniff(head) is not None:
        return ""
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return f"{shown} is HEIC, as iPhones write it: export it as JPG"
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if begins.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) or b"<html" in begins:
        return page_sentence(name)
    return f"{shown} holds no picture, video or sound that the service takes"


def _as_part(sentence: str) -> str:
    """A sentence as the message of a problem, which begins in lower case."""
    return sentence[:1].lower() + sentence[1:] if sentence[:2].istitle() else sentence


def _post_json(post: CalendarPost) -> dict[str, Any]:
    value = post.model_dump(exclude={"source"})
    value["due"] = post.due.isoformat() if post.due is not None else None
    return value
