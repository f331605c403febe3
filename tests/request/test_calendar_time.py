"""When a post is due: day and month are never guessed, and a clock's changes are told."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_time import due_from, zone_named, zone_or_offset

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "clock", "expected"),
    [
        ("2026-03-02 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("2026/3/2 09:00:30", "", "2026-03-02T09:00:30+01:00"),
        ("2026.03.02 9.00", "", "2026-03-02T09:00:00+01:00"),
        ("2026-03-02", "9:00 pm", "2026-03-02T21:00:00+01:00"),
        ("2026-03-02", "12 am", "2026-03-02T00:00:00+01:00"),
        ("2026-03-02T09:00Z", "", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02 09:00 +8", "", "2026-03-02T09:00:00+08:00"),
        ("2026-03-02 09:00 UTC-03:30", "", "2026-03-02T09:00:00-03:30"),
        ("2026-07-02 09:00 Europe/London", "", "2026-07-02T09:00:00+01:00"),
        ("2nd March 2026, 9 am", "", "2026-03-02T09:00:00+01:00"),
        ("March 2, 2026 at 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("2. März 2026 um 9 Uhr", "", "2026-03-02T09:00:00+01:00"),
        ("2026年3月2日 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("２０２６-03-02\u00a0９：００", "", "2026-03-02T09:00:00+01:00"),
        ("20260302T0900", "", "2026-03-02T09:00:00+01:00"),
        ("2026-03-02 0900", "", "2026-03-02T09:00:00+01:00"),
        ("2026-03-02 21h30", "", "2026-03-02T21:30:00+01:00"),
        ("Mon, 2 March 2026 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("Montag 2026-03-02 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("2026年3月2日 下午3点半", "", "2026-03-02T15:30:00+01:00"),
        ("2026年3月2日", "晚上8点05分", "2026-03-02T20:05:00+01:00"),
        ("2026年3月2日", "早上12点", "2026-03-02T12:00:00+01:00"),
        ("2026/3/2 上午9:00", "", "2026-03-02T09:00:00+01:00"),
        ("2026年3月2日\u3000下午３：０５", "", "2026-03-02T15:05:00+01:00"),
        ("2026-03-02 凌晨12点", "", "2026-03-02T00:00:00+01:00"),
        ("\u200e2026-03-02 \u200e9:00", "", "2026-03-02T09:00:00+01:00"),
        ("'2026-03-02 9:00", "", "2026-03-02T09:00:00+01:00"),
        ("2026\u201303\u201302 9:00", "", "2026-03-02T09:00:00+01:00"),
    ],
)
def test_times_as_people_write_them(text: str, clock: str, expected: str) -> None:
    """Year first, or the month by its name."""
    found = due_from(text, clock, BERLIN)
    assert (found.at.isoformat(), found.note) == (expected, "")


@pytest.mark.parametrize(
    ("text", "clock", "sentence"),
    [
        ("31.12.2026", "", "write 2026-12-31$"),
        ("31.12.2026 10:00", "", "write 2026-12-31 10:00"),
        ("03/04/2026 9:00", "", "write 2026-04-03 9:00 or 2026-03-04 9:00"),
        ("4-4-2026", "", "write 2026-04-04$"),
        ("31/31/2026", "", "there is no day 31/31/2026"),
        ("2026-02-30 09:00", "", "there is no day 2026-02-30"),
        ("2026-03-02 25:00", "", "there is no time 25:00"),
        ("2026-03-02 晚上12点", "", "may be the beginning or the end of that day: write 00:00"),
        ("2026-03-02 9", "", "is not a time of day: write one like 09:00"),
        ("2026-03-02", "13 pm", "is not a time of day"),
        ("2026-03-02 09:00", "10:00", "another one stands beside it"),
        ("2026-03-02 09:00 CET", "", "write an offset like"),
        ("2026-03-02 09:00 Mars/Base", "", "is not known: give one like Europe/Berlin"),
        ("2026-03-02 09:00 +99:00", "", "is not an offset"),
        ("1026-03-02 09:00", "", "the year 1026"),
        ("46083.375", "", "write 2026-03-02 09:00 if that is meant"),
        ("2026-03-02 9:5", "", "is not a time of day: write one like 09:05"),
        ("Tue 2026-03-02 9:00", "", "2026-03-02 is a Monday: correct the day or the date"),
        ("next Monday", "", "is not a time: write one like"),
        ("2026-03-02 9:00-10:00", "", "may be a span or a time with an offset"),
        ("2 Marz 2026", "", "Marz is not a month"),
        (True, "", "are not times"),
        (17.0, "", "17 is not a time"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_would_be(
    text: object, clock: str, sentence: str
) -> None:
    """In words that begin in lower case: the row stands before them."""
    with pytest.raises(BadInput, match=sentence) as caught:
        due_from(text, clock, BERLIN)
    assert not caught.value.sentence[0].isupper() or caught.value.sentence.startswith("Marz ")


def test_of_times_that_the_clocks_skip_or_show_twice_a_note_tells_how_they_are_read() -> None:
    """An offset settles it."""
    skipped = due_from("2026-03-29 02:30", "", BERLIN)
    assert "skip 02:30 on that day, so it is read as 2026-03-29 03:30" in skipped.note
    assert skipped.at.isoformat() == "2026-03-29T03:30:00+02:00"
    twice = due_from("2026-10-25 02:30", "", BERLIN)
    assert twice.at.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "write 2026-10-25 02:30+01:00 for the second" in twice.note
    second = due_from("2026-10-25 02:30+01:00", "", BERLIN)
    assert second.note == ""
    assert second.at - twice.at == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-03-02 09:00 America/New_York", "2026-03-02T09:00:00-05:00"),
        ("2026-03-02 9am Asia/Tokyo", "2026-03-02T09:00:00+09:00"),
        ("2026-03-02 09:00-05:00", "2026-03-02T09:00:00-05:00"),
        ("2026-03-02T09:00-10:00", "2026-03-02T09:00:00-10:00"),
    ],
)
def test_a_zone_or_an_offset_may_stand_behind_the_time(text: str, wanted: str) -> None:
    """The A of America is no a.m."""
    assert due_from(text, "", BERLIN).at.isoformat() == wanted


@pytest.mark.parametrize("name", ["UTC+1", "GMT +01:00", "+0100", "Africa/Lagos"])
def test_a_column_of_zones_may_hold_offsets(name: str) -> None:
    """As people write them."""
    found = due_from("2026-03-02 09:00", "", zone_or_offset(name))
    assert found.at.isoformat() == "2026-03-02T09:00:00+01:00"


@pytest.mark.parametrize("day", ["2026-03-02", "20260302", "2026-W10-1"])
def test_a_day_alone_is_its_midnight_with_a_note(day: str) -> None:
    """As it always was; the note lets somebody notice."""
    found = due_from(day, "", BERLIN)
    assert found.at == datetime(2026, 3, 2, tzinfo=BERLIN)
    assert "00:00 is taken" in found.note


@given(
    st.datetimes(
        datetime.fromisoformat("1971-01-01"),
        datetime.fromisoformat("2199-12-30"),
        timezones=st.sampled_from(
            ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]
        ).map(zone_named),
        allow_imaginary=False,
    )
)
def test_a_time_with_its_offset_is_read_as_it_was_written(moment: datetime) -> None:
    """In whatever zone the calendar is."""
    # Python holds times of two zones for unequal where one of them is shown twice.
    assert due_from(moment.isoformat(), "", BERLIN).at.timestamp() == moment.timestamp()


@given(st.integers(0, 60 * 24 * 365 * 30))
def test_a_serial_number_of_a_sheet_is_its_minute(minutes: int) -> None:
    """Whatever the binary fraction of a day makes of it."""
    wanted = datetime.fromisoformat("2000-01-01T00:00") + timedelta(minutes=minutes)
    found = due_from(36_526 + minutes / 1440, "", zone_named("UTC"))
    assert found.at.replace(tzinfo=None) == wanted


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """And nothing else."""
    with contextlib.suppress(BadInput):
        assert due_from(text, "", BERLIN).at.tzinfo is not None
