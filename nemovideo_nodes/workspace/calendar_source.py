"""Where a calendar comes from: a file, an object in a store, or an https URL."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from nemovideo_nodes.errors import BadInput, NemoVideoError, Remedy, Unreachable, redact
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.media.download import WebPage
from nemovideo_nodes.request.calendar import (
    MAX_BYTES,
    Kind,
    Sheet,
    kind_of,
    read_calendar_source,
    unreadable,
)
from nemovideo_nodes.request.calendar_model import Reading
from nemovideo_nodes.request.calendar_time import zone_named
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.calendar_places import Places
from nemovideo_nodes.workspace.calendar_workbook import read_workbook
from nemovideo_nodes.workspace.remote_media import fetch_media, is_url

__all__ = [
    "CalendarSource",
    "NoCalendar",
    "calendar_name",
    "open_calendar",
    "read_calendar_from",
]

_TOO_LARGE: Final = "it is larger than 5 MB: that is not a calendar"


def calendar_name(source: str) -> str:
    """What people call the calendar at a path or URL: `plans/spring-sale.csv` is Spring sale."""
    name = source.rstrip("/").rpartition("/")[2].partition("?")[0].rpartition(".")[0] or "Calendar"
    return name.replace("-", " ").replace("_", " ").strip().capitalize()


class NoCalendar(BadInput):
    """There is no file and no object of the calendar's name."""


@dataclass(frozen=True)
class CalendarSource:
    """A calendar's bytes, and from where the names of its pictures are seen."""

    name: str
    data: bytes
    kind: Kind

    def picture(self, name: str) -> str:
        """The path or URL of a picture that the calendar names.

        A calendar from elsewhere names no files of this machine.
        """
        if is_url(name):
            return name
        if self.name.startswith(REMOTE):
            scheme, _, path = self.name.partition("://")
            joined = urljoin(f"https://store/{path}", name.replace("\\", "/"))
            bucket = path.partition("/")[0]
            inside = unquote(urlsplit(joined).path).removeprefix(f"/{bucket}").lstrip("/")
            return f"{scheme}://{bucket}/{inside}"
        if is_url(self.name):
            return urljoin(self.name, name)
        try:
            file = Path(name).expanduser()
        except RuntimeError:  # no such user's home
            file = Path(name)
        return str(Path(self.name).expanduser().parent / file)

    def has_picture(self, name: str) -> bool:
        """Whether a file of that name lies beside a calendar of this machine."""
        if is_url(self.name) or is_url(name):
            return False
        try:
            return Path(self.picture(name)).is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def read(self, timezone: str = "UTC") -> Reading:
        """All that it says; raises `BadInput` for a time zone that is not known."""
        zone = zone_named(timezone)
        data: bytes | Sheet = self.data
        if self.kind == "xlsx":
            try:
                data = read_workbook(self.data)
            except BadInput as error:
                return Reading(problems=(unreadable(error.sentence),))
        return read_calendar_source(data, self.kind, zone, is_file=self.has_picture)


def open_calendar(
    name: str, access: MediaAccess | None = None, places: Places | None = None
) -> CalendarSource:
    """The calendar at `name`: the path of a file, s3:// (gs://, az://), or https://.

    Raises `BadInput` where it cannot be had (`NoCalendar` where nothing has that name),
    `Unreachable` and `StoreError` where it cannot now.
    """
    if name.startswith(REMOTE):
        data = _from_store(name, places or Places())
    elif is_url(name):
        data = _from_web(name, access or MediaAccess())
    else:
        data = _from_file(name)
    try:
        kind = kind_of(urlsplit(name).path if is_url(name) else name, data[:256])
    except BadInput as error:
        raise BadInput(f"The calendar {redact(name)} cannot be read: {error.sentence}") from None
    return CalendarSource(name, data, kind)


def read_calendar_from(
    name: str,
    timezone: str = "UTC",
    access: MediaAccess | None = None,
    places: Places | None = None,
) -> tuple[CalendarSource | None, Reading]:
    """The calendar at `name`, and all that it says.

    Where it cannot be had at all, that is its one problem, without a row.
    """
    zone_named(timezone)
    try:
        source = open_calendar(name, access, places)
    except NemoVideoError as error:
        return None, Reading(problems=(unreadable(error.sentence),))
    return source, source.read(timezone)


def _from_file(name: str) -> bytes:
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            raise BadInput(f"{name!r} is a folder: give the calendar's file")
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"The calendar {name} cannot be read: {_TOO_LARGE}")
        return path.read_bytes()
    except FileNotFoundError:
        raise NoCalendar(f"There is no calendar {name!r}: check the path") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"The calendar {name} cannot be read: {reason}") from None


def _from_store(name: str, places: Places) -> bytes:
    store, key = places.object(name)
    size = store.size(key)
    if size is not None and size > MAX_BYTES:
        raise BadInput(f"The calendar {name} cannot be read: {_TOO_LARGE}")
    data = store.read(key) if size is not None else None
    if data is None:
        raise NoCalendar(f"There is no calendar {name}: check the bucket and the name")
    return data


def _from_web(name: str, access: MediaAccess) -> bytes:
    with tempfile.TemporaryDirectory(prefix="nemovideo-") as folder:
        try:
            with fetch_media(Store(folder), name, access) as path:
                if path.stat().st_size > MAX_BYTES:
                    raise BadInput(f"The calendar {redact(name)} cannot be read: {_TOO_LARGE}")
                return path.read_bytes()
        except Unreachable as error:
            sentence = f"The calendar cannot be fetched now: {error.sentence}"
            raise Unreachable(sentence, remedy=Remedy.RETRY) from None
        except WebPage:
            raise BadInput(
                f"{redact(name)} is a web page, not a calendar: publish the sheet as CSV, and "
                "give the address of that"
            ) from None
        except BadInput as error:
            raise BadInput(f"The calendar cannot be fetched: {error.sentence}") from None
