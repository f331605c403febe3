"""When a post is due, from what people write: year first, month by name, or a cell of Excel. Pure.

Day and month are never guessed: "03.04.2026" is refused with both readings. A time that a zone's
clock skips is read as the clock shows it then; of one that it has twice, the first is taken. A note
says so.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nemovideo_nodes.errors import BadInput

__all__ = ["Due", "due_from", "has_day", "zone_named", "zone_or_offset"]

_YEARS: Final = (1970, 2199)
_FIRST_SERIAL, _LAST_SERIAL = 36_526, 73_050
"""2000-01-01 and 2099-12-31 as Excel counts days."""
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  the day 0 of Excel knows no zone

_NAMES: Final = (
    ("january", "jan", "januar", "jänner", "janvier", "janv"),
    ("february", "feb", "februar", "février", "févr"),
    ("march", "mar", "märz", "mär", "mrz", "mars"),
    ("april", "apr", "avril", "avr"),
    ("may", "mai"),
    ("june", "jun", "juni", "juin"),
    ("july", "jul", "juli", "juillet", "juil"),
    ("august", "aug", "août"),
    ("september", "sep", "sept", "septembre"),
    ("october", "oct", "oktober", "okt", "octobre"),
    ("november", "nov", "novembre"),
    ("december", "dec", "dezember", "dez", "décembre", "déc"),
)
_MONTHS: Final = MappingProxyType(
    {name: number for number, names in enumerate(_NAMES, 1) for name in names}
)
_MONTH = r"(?P<name>[^\W\d_]{3,9})\.?"
_DATE = re.compile(
    r"(?:"
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"
    r"|(?P<year2>\d{4})年(?P<month2>\d{1,2})月(?P<day2>\d{1,2})[日号]"
    rf"|(?P<day3>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[ -]*{_MONTH}[ ,-]*(?P<year3>\d{{4}})(?!\d)"
    r"|(?P<name2>[^\W\d_]{3,9})\.? +(?P<day4>\d{1,2})(?:st|nd|rd|th)?,? +(?P<year4>\d{4})(?!\d)"
    r")",
    re.IGNORECASE,
)
_UNCLEAR = re.compile(
    r"(?P<one>\d{1,2})\s*[-/.]\s*(?P<two>\d{1,2})\s*[-/.]\s*(?P<year>\d{4})(?!\d)"
)
_WEEKDAY = re.compile(
    r"(?P<name>mon?|tue?s?|wed?|thu?r?s?|fri?|sat?|sun?|di|mi|do|so"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch)[.,]*\s+(?=\S)",
    re.IGNORECASE,
)
_WEEKDAYS: Final = (
    ("mo",),
    ("tu", "di"),
    ("we", "mi"),
    ("th", "do"),
    ("fr",),
    ("sa",),
    ("su", "so"),
)
_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\b\.?)?(?:\s*(?:uhr|h)\b)?",
    re.IGNORECASE,
)
_TIME_ZH = re.compile(
    r"(?P<part>凌晨|半夜|早上|上午|中午|下午|傍晚|晚上)?\s*(?P<hour>\d{1,2})"
    r"(?:[点时](?:(?P<minute>\d{1,2})分?|(?P<half>半))?整?"
    r"|:(?P<minute2>\d{2})(?::(?P<second>\d{2}))?)"  # as Excel shows a time in China: 上午9:00
)
_OFFSET = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+)+")
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_SPAN = re.compile(r"(?P<first>\d{1,2}:\d{2}) ?- ?(?P<second>\d{1,2}:\d{2})")


_DASHES = re.compile("[\u2010-\u2015\u2212]")
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Such as the marks of direction that Windows puts into a date that is copied."""


class Due:
    """When a post is due, and what is to be noted about it."""

    __slots__ = ("at", "note")

    def __init__(self, at: datetime, note: str = "") -> None:
        self.at = at
        self.note = note


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name; raises `BadInput`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"The time zone {name[:60]!r} is not known: give one like Europe/Berlin"
        ) from None


def has_day(value: object) -> bool:
    """Whether a cell that should hold a time of day has the day, too."""
    if isinstance(value, datetime):
        return value.year >= _YEARS[0]
    return isinstance(value, str) and _DATE.match(_plain(value)) is not None


def zone_or_offset(name: str) -> tzinfo:
    """The zone that a column of zones names, as `Europe/Berlin`, `UTC+1` or `+05:30`."""
    offset = _offset(_plain(name).replace(" ", "").upper())
    return offset if offset is not None else zone_named(name)


def due_from(given: object, clock: object, zone: tzinfo) -> Due:
    """The time that `given` (with the time of day in `clock`, where it stands apart) means.

    Both are text, or a date, a time, a number as a sheet has them; empty text where there is none.
    Raises `BadInput` saying what would be right, beginning in lower case.
    """
    if isinstance(given, bool) or isinstance(clock, bool):
        raise BadInput("true and false are not times: write one like 2026-03-01 09:00")
    day, moment, rest = _day(given)
    hours = _clock(clock)
    if hours is not None:
        if moment is not None and moment != hours[0]:
            raise BadInput("it has a time of its own, and another one stands beside it")
        moment, rest = hours[0], rest or hours[1]
    note = ""
    if moment is None:
        moment, note = time(0), "no time of day is given, so 00:00 is taken"
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise BadInput(f"the year {day.year} cannot be meant")
    naive = datetime.combine(day, moment)
    return _placed(naive, rest, zone, note)


def _day(given: object) -> tuple[date, time | None, str]:
    """The day, the time if one stands with it, and what is said of the zone."""
    if isinstance(given, datetime):
        # A sheet has no days without a time: a day alone is its midnight.
        near = _rounded(given)
        is_day = near.time() == time(0) and near.tzinfo is None
        return near.date(), None if is_day else near.time(), _offset_of(given)
    if isinstance(given, date):
        return given, None, ""
    if isinstance(given, int | float):
        return _serial(float(given))
    text = _plain(str(given))
    weekday = _WEEKDAY.match(text)
    text = text[weekday.end() :] if weekday is not None else text
    if found := _DATE.match(text):
        day = _found_day(found, text)
        if weekday is not None and weekday["name"][:2].lower() not in _WEEKDAYS[day.weekday()]:
            raise BadInput(f"{day} is a {day:%A}: correct the day or the date")
        rest = text[found.end() :].strip()
        rest = re.sub(r"^(?:[T,]|at\b|um\b)\s*", "", rest, flags=re.IGNORECASE)
        if not rest:
            return day, None, ""
        if (span := _SPAN.fullmatch(rest)) and "T" not in text and _is_later(span):
            raise BadInput(
                f"{rest!r} may be a span or a time with an offset: write {day} {span['first']} "
                f"alone, or {day}T{span['first']:0>5}-{span['second']:0>5} for the offset"
            )
        moment, zone = _clock_text(rest, text)
        return day, moment, zone
    if found := _UNCLEAR.search(text):
        raise BadInput(_both_readings(found, text))
    if _SERIAL.fullmatch(text):
        number = float(text.replace(",", "."))
        if _FIRST_SERIAL <= number <= _LAST_SERIAL:
            meant, at, _ = _serial(number)
            raise BadInput(
                "it is a date as Excel counts days: format the cell as a date, or write "
                f"{meant} {time(0) if at is None else at:%H:%M} if that is meant"
            )
    with contextlib.suppress(ValueError):  # 20260301 and 2026-W09-7
        return date.fromisoformat(text), None, ""
    try:  # the other forms of ISO 8601, such as 20260301T0900
        value = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("it is not a time: write one like 2026-03-01 09:00") from None
    return value.date(), value.time(), _offset_of(value)


def _is_later(span: re.Match[str]) -> bool:
    first, second = (tuple(map(int, span[name].split(":"))) for name in ("first", "second"))
    return second > first


def _found_day(found: re.Match[str], text: str) -> date:
    parts = found.groupdict()
    year = next(filter(None, (parts["year"], parts["year2"], parts["year3"], parts["year4"])))
    day = next(filter(None, (parts["day"], parts["day2"], parts["day3"], parts["day4"])))
    name = parts["name"] or parts["name2"]
    if name:
        month = _MONTHS.get(name.casefold())
        if month is None:
            raise BadInput(f"{name} is not a month: write one like 2026-03-01 09:00")
    else:
        month = int(parts["month"] or parts["month2"])
    try:
        return date(int(year), month, int(day))
    except ValueError:
        raise BadInput(f"there is no day {text[: found.end()]}") from None


def _both_readings(found: re.Match[str], text: str) -> str:
    one, two, year = int(found["one"]), int(found["two"]), int(found["year"])
    rest = _plain(text[found.end() :])
    meant = []
    for day, month in ((one, two), (two, one)):
        try:
            meant.append(f"{date(year, month, day)}{' ' if rest else ''}{rest}")
        except ValueError:
            continue
    if not meant:
        return f"there is no day {found[0]}: write one like 2026-03-01 09:00"
    return (
        f"day and month cannot be told apart in general: write {' or '.join(dict.fromkeys(meant))}"
    )


def _clock(given: object) -> tuple[time, str] | None:
    """A time of day that stands apart."""
    if isinstance(given, datetime):
        given = given.time()
    if isinstance(given, time):
        rounded = _rounded(datetime.combine(date(2000, 1, 1), given))
        return rounded.time(), ""
    if isinstance(given, timedelta):
        given = given / timedelta(days=1)
    if isinstance(given, int | float):
        if not 0 <= given < 1:
            raise BadInput(f"{given:g} is not a time of day: write one like 09:00")
        return _rounded(_EXCEL_EPOCH + timedelta(days=float(given))).time(), ""
    text = _plain(str(given or ""))
    return _clock_text(text, text) if text else None


def _clock_text(text: str, whole: str) -> tuple[time, str]:
    chinese = _TIME_ZH.fullmatch(text)
    if chinese and (chinese["part"] or not chinese["minute2"]):
        return _chinese_time(chinese), ""
    found = _TIME.match(text)
    if found is None:
        raise BadInput(f"{text!r} is not a time of day: write one like 09:00")
    zone = text[found.end() :].strip()
    if zone[:1] in tuple(":.0123456789"):
        raise BadInput(f"{text!r} is not a time of day: write one like 09:05")
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    bare = found["minute"] is None and not half and not re.search(r"uhr|h\b", found[0].lower())
    if bare and found.end() == len(text) and len(text) <= 2:
        raise BadInput(f"{text!r} is not a time of day: write one like {hour:02d}:00")
    if half:
        if not 1 <= hour <= 12:
            raise BadInput(f"{found[0]!r} is not a time of day: write one like 09:00")
        hour = hour % 12 + (12 if half == "p" else 0)
    part = (found["part"] or "").ljust(6, "0")[:6]
    try:
        moment = time(hour, int(found["minute"] or 0), int(found["second"] or 0), int(part))
    except ValueError:
        raise BadInput(f"there is no time {found[0].strip()} in a day") from None
    return moment, zone


def _chinese_time(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    minute = 30 if found["half"] else int(found["minute"] or found["minute2"] or 0)
    part = found["part"] or ""
    if hour == 12 and part in ("晚上", "半夜"):
        raise BadInput(
            f"{found[0].strip()!r} may be the beginning or the end of that day: "
            f"write 00:{minute:02d} and the day that it belongs to"
        )
    if hour == 12 and part == "凌晨":
        hour = 0
    if part and not 0 <= hour <= 12:
        part = ""  # 晚上20点
    if part in ("下午", "傍晚", "晚上") or (part == "中午" and hour < 11):
        hour = hour % 12 + 12 if hour else 0
    try:
        return time(hour, minute, int(found["second"] or 0))
    except ValueError:
        raise BadInput(f"there is no time {found[0].strip()} in a day") from None


def _serial(number: float) -> tuple[date, time | None, str]:
    if not _FIRST_SERIAL <= number <= _LAST_SERIAL:
        raise BadInput(f"{number:g} is not a time: write one like 2026-03-01 09:00")
    return _day(_EXCEL_EPOCH + timedelta(days=number))


def _rounded(moment: datetime) -> datetime:
    """To the second, where only the binary fraction of a day keeps it from being one."""
    near = (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
    return near if abs(near - moment) < timedelta(milliseconds=5) else moment


def _offset_of(moment: datetime) -> str:
    return moment.strftime("%z") if moment.tzinfo is not None else ""


def _placed(naive: datetime, suffix: str, zone: tzinfo, note: str) -> Due:
    """A wall-clock time in its zone: the one that it names, or else the calendar's."""
    if suffix.upper() in ("Z", "UTC", "GMT"):
        return Due(naive.replace(tzinfo=UTC), note)
    if (offset := _offset(suffix)) is not None:
        return Due(naive.replace(tzinfo=offset), note)
    if suffix and not _ZONE.fullmatch(suffix):
        raise BadInput(
            f"{suffix[:40]!r} behind the time means nothing: leave it out, or write an offset like "
            "+01:00 or a zone like Europe/Berlin"
        )
    if suffix:
        try:
            zone = zone_named(suffix)
        except BadInput as error:
            raise BadInput(error.sentence[0].lower() + error.sentence[1:]) from None
    if not isinstance(zone, ZoneInfo):
        return Due(naive.replace(tzinfo=zone), note)
    early, late = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if early.utcoffset() == late.utcoffset():
        return Due(early, note)
    back = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back != naive:
        # Skipped: before the change, `fold=0` counts with the old offset, so it lands behind.
        return Due(
            back.replace(tzinfo=zone),
            f"the clocks of {zone.key} skip {naive:%H:%M} on that day, so it is read as "
            f"{back.isoformat(' ', 'minutes')}",
        )
    return Due(
        early,
        f"the clocks of {zone.key} show {naive:%H:%M} twice on that day, and the first is taken; "
        f"write {late.isoformat(' ', 'minutes')} for the second",
    )


def _offset(text: str) -> timezone | None:
    """The offset from UTC that a text is, or None; raises `BadInput` for one that no zone has."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    hours, minutes = int(found["hours"]), int(found["minutes"] or 0)
    if hours >= 24 or minutes >= 60:
        raise BadInput(f"{text} is not an offset from UTC: write one like +01:00")
    east = timedelta(hours=hours, minutes=minutes)
    return timezone(-east if found["sign"] == "-" else east)


def _plain(text: str) -> str:
    """Full-width digits and odd spaces as plain ones, spaces in a row as one."""
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    folded = _DASHES.sub("-", folded).removeprefix("'")  # a sheet's sign for a text
    return " ".join(folded.split())
