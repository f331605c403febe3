"""A content calendar in a file (CSV or YAML): which video is due when, of what, for which platform.

A post is made at most once: its run id comes from its slug, its time and its platform alone, so a
row that is corrected after its run was begun leads to the same run.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.errors import BadInput, redact
from nemovideo_nodes.request.platforms import aspect_for

__all__ = ["Post", "due_posts", "read_calendar"]

MAX_BYTES = 5 * 1024 * 1024
MAX_POSTS = 10_000
FIELDS = ("slug", "due", "images", "prompt", "platform", "aspect", "profile")
"""What a post may say; a name that begins with `_` is somebody's note, and passed over."""

_NEEDED = ("slug", "due")
_SEPARATOR = re.compile(r"[|\n]")


class Post(BaseModel):
    """One row of the calendar."""

    model_config = ConfigDict(frozen=True)

    slug: str
    """Its short name, which people find it by."""
    due: datetime
    """When it is to be made, with its time zone."""
    images: tuple[str, ...] = ()
    """Files, folders or URLs; names are seen from the calendar's own folder."""
    prompt: str = ""
    platform: str = ""
    aspect: str = ""
    profile: str = ""

    @property
    def run_id(self) -> str:
        """The id of the one run that makes it."""
        due = self.due.astimezone(UTC)
        key = "\n".join((self.slug, due.isoformat(), self.platform))
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = re.sub(r"[^A-Za-z0-9]+", "-", self.slug).strip("-")[:40]
        return "-".join(filter(None, [name, f"{due:%Y%m%dT%H%MZ}", self.platform, digest]))


def due_posts(posts: Iterable[Post], now: datetime, within: timedelta) -> list[Post]:
    """The posts whose time came at most `within` before `now`, the earliest first.

    Older ones are left alone, so that a new store does not make a whole year's videos.
    """
    due = [post for post in posts if now - within <= post.due <= now]
    return sorted(due, key=lambda post: (post.due, post.slug, post.platform))


def read_calendar(name: str, timezone: str = "UTC") -> tuple[Post, ...]:
    """The posts in the file `name`; times that name no zone are of `timezone` (Europe/Berlin).

    Raises `BadInput` saying what is wrong, and at which row.
    """
    zone = _zone(timezone)
    path, text = _read(name)
    rows = _yaml_rows(text, name) if path.suffix in (".yaml", ".yml") else _csv_rows(text, name)
    if len(rows) > MAX_POSTS:
        raise BadInput(f"The calendar {name} has {len(rows)} rows; at most {MAX_POSTS} are taken")
    posts: dict[str, Post] = {}
    for where, row in rows:
        try:
            post = _post(row, zone, path.parent)
        except BadInput as error:
            raise BadInput(f"The calendar {name} is wrong at {where}: {error.sentence}") from None
        if post.run_id in posts:
            raise BadInput(
                f"The calendar {name} has {post.slug!r} twice at the same time for the same "
                f"platform (the second time at {where}): give one of them another slug"
            )
        posts[post.run_id] = post
    return tuple(posts.values())


def _read(name: str) -> tuple[Path, str]:
    try:
        path = Path(name).expanduser()
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"The calendar {name} is larger than 5 MB: that is no calendar")
        return path, path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"There is no calendar {name!r}: check the path") from None
    except UnicodeDecodeError:
        raise BadInput(f"The calendar {name} is no UTF-8 text: save it as UTF-8") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"The calendar {name} cannot be read: {reason}") from None


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"The time zone {timezone[:60]!r} is not known: give one like Europe/Berlin"
        ) from None


_Rows = Sequence[tuple[str, Mapping[str, Any]]]
"""Each row with what it is called in an error."""


def _csv_rows(text: str, name: str) -> _Rows:
    # Spreadsheets of some countries write semicolons.
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise BadInput(
                    f"The calendar {name} is wrong at line {reader.line_num}: it has "
                    f"{'more' if None in row else 'fewer'} cells than the first line has names"
                )
            if any(cell.strip() for cell in row.values()):
                rows.append((f"line {reader.line_num}", {k.strip(): v for k, v in row.items()}))
    except csv.Error as error:
        raise BadInput(f"The calendar {name} is no valid CSV: {error}") from None
    return rows


def _yaml_rows(text: str, name: str) -> _Rows:
    import yaml

    try:
        # All scalars as text: a date is read in the calendar's own zone.
        rows = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise BadInput(f"The calendar {name} is no valid YAML{line}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"The calendar {name} must be a list of posts, each with a slug and a time")
    return [(f"post {number}", row) for number, row in enumerate(rows, 1)]


def _post(row: Mapping[str, Any], zone: ZoneInfo, folder: Path) -> Post:
    for key in row:
        if key not in FIELDS and not key.startswith("_"):
            raise BadInput(
                f"{redact(key)[:60]!r} means nothing here: there are {', '.join(FIELDS)}, "
                "and names that begin with _ for notes"
            )
    images = row.get("images") or []
    images = _SEPARATOR.split(images) if isinstance(images, str) else images
    texts = {key: row.get(key) or "" for key in FIELDS if key != "images"}
    if not all(isinstance(one, str) for one in [*images, *texts.values()]):
        raise BadInput("a post holds plain text, and a list of images")
    texts = {key: text.strip() for key, text in texts.items()}
    for key in _NEEDED:
        if not texts[key]:
            raise BadInput(f"it has no {key}")
    aspect_for(texts["platform"], texts["aspect"])
    given = [one.strip() for one in images if one.strip()]
    due = _time(texts.pop("due"), zone)
    seen = tuple(one if "://" in one else str(folder / Path(one)) for one in given)
    return Post(due=due, images=seen, **texts)


def _time(text: str, zone: ZoneInfo) -> datetime:
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"due wants a time like 2026-03-01 09:00, not {text[:40]!r}") from None
    return due if due.tzinfo else due.replace(tzinfo=zone)
