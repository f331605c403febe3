"""The results of a calendar as a CSV: the sheet's own columns, and what came of each video.

It always tells of the whole calendar, so that it can go back into the sheet: what an earlier run
wrote stays where this one has nothing newer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import REMOTE
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.workspace.calendar_places import Places, write_place
from nemovideo_nodes.workspace.calendar_run import Made, StoreOf
from nemovideo_nodes.workspace.remote_media import is_url

__all__ = ["RESULT_COLUMNS", "ResultsFile", "posters_of", "results_csv"]

RESULT_COLUMNS: Final = (
    *("row", "for_platforms", "for_language", "run_id", "status", "video", "poster", "cost"),
    *("error", "time", "post_title", "post_caption", "post_link", "files", "problems"),
    "handed_over",
)
"""Behind the sheet's own columns; a name that the sheet has, too, gets `nemovideo_` before it."""


class ResultsFile:
    """Where results go: a file, or an object of a store (s3://bucket/results.csv)."""

    def __init__(self, place: str, places: Places | None = None) -> None:
        """Read what an earlier run wrote there, before anything is made.

        Raises `BadInput` for what is no results of a calendar: it would be lost.
        """
        self._place = place
        self._places = places or Places()
        self._before = _read(place, self._places)

    def write(
        self,
        videos: Sequence[PlannedVideo],
        made: Iterable[Made],
        poster_of: Mapping[str, str] = MappingProxyType({}),
        files_of: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Write the table of the whole calendar; `poster_of` gives the place of a run's poster.

        `files_of` gives the files of a run's deliveries, where they are not those in the store.

        Where nothing is new, nothing is written. Raises `BadInput` where it cannot be.
        """
        text = results_csv(videos, made, poster_of, self._before, files_of)
        if text != self._before:
            write_place(self._place, text.encode("utf-8-sig"), self._places)
            self._before = text


def posters_of(made: Iterable[Made], store_of: StoreOf) -> dict[str, str]:
    """Where the posters of the videos are, by run id; those that have one."""
    found = {}
    for one in made:
        run_id = one.video.run_id
        name = f"runs/{run_id}/video-poster.jpg"
        if one.result is not None and one.result.videos:
            store = store_of(one.video)
            if store.size(name) is not None:
                found[run_id] = store.place(name)
    return found


def results_csv(
    videos: Sequence[PlannedVideo],
    made: Iterable[Made],
    poster_of: Mapping[str, str],
    before: str = "",
    files_of: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> str:
    """The table: a line for each video of the calendar; `before` is what an earlier run wrote."""
    now = {(one.video.post.row, *_key(one.video)): one for one in made}
    own = list(dict.fromkeys(head for video in videos for head in video.post.source))
    names = {name: f"nemovideo_{name}" if name in own else name for name in RESULT_COLUMNS}
    known = _lines(before, names["run_id"])
    out = io.StringIO()
    writer = csv.DictWriter(
        out, [*own, *names.values()], lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    for video in videos:
        found = now.get((video.post.row, *_key(video)))
        line = dict(video.post.source)
        told = _told(video, found, poster_of, files_of)
        earlier = known.get(video.again().run_id) or known.get(video.run_id)
        if earlier is not None and _is_told(found, earlier.get(names["status"])):
            line |= {names[name]: earlier.get(names[name]) or "" for name in RESULT_COLUMNS}
            line[names["row"]] = told["row"]
            if told["run_id"] in files_of:
                line[names["files"]] = told["files"]
        else:
            line |= {names[name]: value for name, value in told.items()}
        writer.writerow(line)
    return out.getvalue()


def _is_told(found: Made | None, status: str | None) -> bool:
    """Whether the earlier line says all; not where its writer was killed, and others went on."""
    return found is None or (found.outcome == "known" and status == _status(found))


def _key(video: PlannedVideo) -> tuple[str, str]:
    return video.platform, video.language


def _told(
    video: PlannedVideo,
    made: Made | None,
    poster_of: Mapping[str, str],
    files_of: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    result = made.result if made is not None else None
    run_id = made.video.run_id if made is not None else video.run_id
    cost = None
    if result is not None:
        credits = result.credits
        cost = credits.estimate if credits.spent is None else credits.spent
    text = video.post.text(video.platform, video.language)
    return {
        "row": str(video.post.row),
        "for_platforms": ", ".join(video.serves),
        "for_language": video.language,
        "run_id": run_id,
        "status": _status(made),
        "video": "|".join(one.path for one in result.videos) if result is not None else "",
        "poster": poster_of.get(run_id, ""),
        "cost": f"{cost:.12g}" if cost is not None else "",
        "error": made.error if made is not None else "",
        "time": made.at.isoformat(timespec="seconds") if made is not None and made.at else "",
        "post_title": text.title,
        "post_caption": text.whole_caption(video.platform),
        "post_link": text.link,
        "files": _files(result, files_of.get(run_id)),
        "problems": "; ".join(
            sentence
            for one in (result.deliveries if result is not None else ())
            for sentence in (*one.violations, *one.notes)
        ),
        "handed_over": "|".join(
            " ".join(
                filter(None, (one.target, one.platform, one.state, one.place or one.remote_id))
            )
            for one in (result.handed_over if result is not None else ())
        ),
    }


def _files(result: RunResult | None, places: Sequence[str] | None) -> str:
    """`tiktok=…/a.mp4|instagram-feed=…/b.mp4`: which platform gets which file."""
    deliveries = result.deliveries if result is not None else ()
    found = places or [one.path for one in deliveries]
    return "|".join(
        f"{one.platform}={place}" if one.platform else place
        for one, place in zip(deliveries, found, strict=True)
    )


def _status(made: Made | None) -> str:
    if made is None or made.outcome == "later":
        return "planned"
    return "done" if made.is_there else made.outcome


def _lines(before: str, run_id: str) -> dict[str, dict[str, str]]:
    reader = csv.DictReader(io.StringIO(before))
    return {line[run_id]: line for line in reader if line.get(run_id)}


def _read(place: str, places: Places) -> str:
    """What an earlier run wrote there; empty where there is nothing yet."""
    if place.startswith(REMOTE):
        store, key = places.object(place)
        data = store.read(key) or b""
    elif is_url(place):
        raise BadInput(f"Results can be written to a file or a store (s3://), not to {place[:60]}")
    else:
        try:
            data = Path(place).expanduser().read_bytes()
        except FileNotFoundError:
            return ""
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadInput(f"The results {place} cannot be read: {reason}") from None
    text = data.decode("utf-8-sig", "replace")
    heads = next(csv.reader(io.StringIO(text)), [])
    if text.strip() and not {"run_id", "nemovideo_run_id"} & set(heads):
        raise BadInput(f"{place} is there already, and holds no results: give another file")
    return text
