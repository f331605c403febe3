"""The page of one run, as HTML that runs nothing and fetches nothing. Pure.

All that users or the service wrote is escaped and redacted. Beside the page lie only the videos,
which are links; pictures may stand in it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from nemovideo_nodes.engine.summaries import estimated_cost
from nemovideo_nodes.errors import PYTHON_WORDING, redact
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.ledger.approvals import pending, shown
from nemovideo_nodes.ledger.conversation import Exchange, conversation
from nemovideo_nodes.ledger.manifest import media_of
from nemovideo_nodes.ledger.results import Delivery, PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import Delivered, RunResult, Video
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.workspace.notifications.wording import words_for
from nemovideo_nodes.workspace.report.steps import schedule_of
from nemovideo_nodes.workspace.report.timeline import drawn_timeline
from nemovideo_nodes.workspace.report.words import (
    WORDS,
    counted_words,
    duration,
    language_of_run,
    size,
)

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Origin", "RunPage", "environment", "run_page"]

_MOST_MEDIA = 300
_MOST_EXCHANGES = 200
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """What started the run, with the addresses of its pages there."""

    names: tuple[tuple[str, str, str], ...]
    """What it is, its name, its address."""


@dataclass(frozen=True)
class RunPage:
    """What a page shows beside the run and its result."""

    href: Callable[[str], str]
    """The address of a file of the store, as the page sees it."""
    picture: Callable[[str], str]
    """The address of a picture of the store, or the picture as a data URI; empty: there is none."""
    now: datetime
    source: Callable[[str], str] | None = None
    """What plays a video of the store, where that is not its address: a data URI."""
    error: str | None = None
    """Why the run is not done, in the words of a door; None: in words for anybody."""
    problems: Sequence[str] = ()
    """What its platform does not take of the video."""
    language: str = ""
    """`en` or `zh`; empty: that of the instructions."""
    origin: Origin | None = None
    refresh_s: int | None = None
    """How soon a browser loads the page again."""


@dataclass(frozen=True)
class ShownVideo:
    """A finished video, and its pictures."""

    name: str
    href: str
    source: str
    video: Video
    poster: str
    sheet: str


@dataclass(frozen=True)
class ShownDelivery:
    """What a platform gets."""

    platform: str
    name: str
    href: str
    one: Delivered
    link: str
    broken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    met: int = 0
    post: tuple[tuple[str, str], ...] = field(default=())
    """The texts that go out with it: what each is, and its words."""


def run_page(run: Run, result: RunResult, page: RunPage) -> str:
    """The whole page; needs jinja2."""
    language = page.language or language_of_run(run)
    words = WORDS[language]
    published = run.results(PublishResult)
    return (
        environment(language)
        .get_template("run.html.jinja")
        .render(
            page=page,
            language=language,
            run=run,
            order=run.order,
            result=result,
            state=result.state or result.status,
            cost=estimated_cost(run) or result.credits.estimate,
            errors=_errors(result, page, language),
            doubts=[redact(doubt) for doubt in run.doubts],
            asked=_asked(run, page),
            titles={name: preset.title for name, preset in PRESETS.items()},
            videos=_videos(run, result, page),
            deliveries=_deliveries(result, published[-1] if published else None, page, words),
            subtitles=[
                (_base(name), page.href(name))
                for name in (published[-1].subtitles if published else None) or ()
            ],
            timeline=drawn_timeline(run),
            told_timeline=result.timeline,
            exchanges=_exchanges(run),
            schedule=schedule_of(run),
            media=media_of(run)[:_MOST_MEDIA],
            more_media=max(0, len(media_of(run)) - _MOST_MEDIA),
            account=sorted(run.account),
            manifest=page.href(published[-1].manifest) if published else "",
        )
    )


def _errors(result: RunResult, page: RunPage, language: str) -> list[str]:
    """Why the run is not done, and what to do; in Chinese with what the journal says behind it."""
    if page.error is not None or not result.error:
        return [redact(page.error)] if page.error else []
    words = words_for(language)
    told = words.errors.get(result.error_code or "", result.error)
    known = result.model_copy(update={"error": told})
    sentences = [
        known.message({**PYTHON_WORDING, **words.remedies}) or "",
        *([result.error] if told != result.error else []),
    ]
    return [redact(sentence) for sentence in sentences]


@dataclass(frozen=True)
class ShownApproval:
    """What there is to look at for whoever is to approve."""

    storyboard: str = ""
    preview: str = ""


def _asked(run: Run, page: RunPage) -> ShownApproval:
    record = pending(run)
    seen = shown(run, record) if record is not None else None
    if seen is None:
        return ShownApproval()
    return ShownApproval(
        page.picture(seen.storyboard) if seen.storyboard else "",
        page.href(seen.preview) if seen.preview else "",
    )


def _videos(run: Run, result: RunResult, page: RunPage) -> list[ShownVideo]:
    """The run's videos with their pictures; those that are not published yet have none."""
    published = run.results(PublishResult)
    names = published[-1].videos if published else ()
    found = []
    for number, (video, download) in enumerate(zip(result.videos, run.videos, strict=False)):
        place = names[number] if number < len(names) else download.video.artifact
        stem = place.removesuffix(".mp4")
        is_named = number < len(names)
        found.append(
            ShownVideo(
                name=_base(place),
                href=page.href(place),
                source=(page.source or page.href)(place),
                video=video,
                poster=page.picture(f"{stem}-poster.jpg") if is_named else "",
                sheet=page.picture(f"{stem}-sheet.jpg") if is_named else "",
            )
        )
    return found


def _deliveries(
    result: RunResult, published: PublishResult | None, page: RunPage, words: Mapping[str, str]
) -> list[ShownDelivery]:
    places: Sequence[Delivery] = (published.deliveries if published else None) or ()
    found = []
    for one, place in zip(result.deliveries, places, strict=False):
        if not one.platform and not one.caption and not one.title:
            continue
        found.append(
            ShownDelivery(
                platform=PRESETS[one.platform].title if one.platform in PRESETS else one.platform,
                name=_base(place.file),
                href=page.href(place.file),
                one=one,
                link=one.link if _WEB.match(one.link) else "",
                broken=tuple(check.sentence or check.rule for check in _checks(one, False)),
                unknown=tuple(check.rule for check in _checks(one, None)),
                met=len(_checks(one, True)),
                post=tuple(
                    (words[name], text)
                    for name, text in (
                        ("post_title", one.title),
                        ("caption", one.caption),
                        ("hashtags", " ".join(one.hashtags)),
                        ("alt_text", one.alt_text),
                    )
                    if text
                ),
            )
        )
    return found


def _checks(one: Delivered, ok: bool | None) -> list[Any]:
    return [check for check in one.checks if check.ok is ok]


def _exchanges(run: Run) -> list[Exchange]:
    """What was said, without secrets."""
    return [
        Exchange(
            redact(one.said), tuple(map(redact, one.replies)), tuple(map(redact, one.suggestions))
        )
        for one in conversation(run)[-_MOST_EXCHANGES:]
    ]


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


@functools.cache
def environment(language: str) -> Environment:
    """The templates of the reports, in the words of a language."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("nemovideo_nodes.workspace", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": WORDS[language], "counted": functools.partial(counted_words, language)}
    made.filters |= {
        "amount": amount,
        "duration": functools.partial(duration, language=language),
        "redact": redact,
        "size": size,
        "utc": _utc,
    }
    return made


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
