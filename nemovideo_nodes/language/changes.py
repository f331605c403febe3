"""The difference of two drafts in words for people, in English or Chinese. Pure.

About three edits in ten are answered with no text at all: then this says what was done.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nemovideo_nodes.errors import well_formed
from nemovideo_nodes.language.quotes import HIDDEN, hidden
from nemovideo_nodes.wire.draft import Details, Draft, Segment, seconds

__all__ = ["describe", "language_of"]

_CLIP, _MUSIC, _TITLE = 0, 1, 7
_KINDS = (_CLIP, _TITLE, _MUSIC, None)
"""What people know; None for all the rest."""
_MOST_NAMES = 6
_LONGEST_NAME = 80
_NOTHING = ("", "null", "{}")

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_WORD = re.compile(r"[A-Za-z]+")
_WIDTH = re.compile(r'"w(?:idth)?":(\d{1,5})\b')
_HEIGHT = re.compile(r'"h(?:eight)?":(\d{1,5})\b')


@dataclass(frozen=True)
class _Phrases:
    """The phrases of one language."""

    nouns: dict[int | None, tuple[str, str]]
    """One and many of a kind."""
    quote: str
    unit: str
    colon: str
    inner: str
    comma: str
    listing: str
    added: str
    removed: str
    replaced: str
    several: str
    more: str
    volume: str
    timing: str
    order: str
    length: str
    frame: str
    unknown: str
    details: Sequence[tuple[str, str]]
    """What may have changed beside the documented keys: names of such keys, and the line."""


_ENGLISH = _Phrases(
    nouns={
        _CLIP: ("Clip", "Clips"),
        _TITLE: ("Title", "Titles"),
        _MUSIC: ("Music", "Music"),
        None: ("Element", "Elements"),
    },
    quote='"{}"',
    unit="{}s",
    colon=": ",
    inner=" ({})",
    comma=", ",
    listing=", ",
    added="{} added",
    removed="{} removed",
    replaced="{} changed",
    several=" ({})",
    more=" and {} more",
    volume="{} volume",
    timing="Timing of {} clips changed",
    order="Order changed",
    length="Length",
    frame="Frame",
    unknown="Something changed that the draft does not name (perhaps an effect)",
    details=(
        ("trans|fade|dissolve|^cut$", "Transitions changed"),
        ("canvas|ratio|aspect|width|height|resolution", "Frame changed"),
        ("motion|anim|zoom", "Motion changed"),
        ("filter|effect|colou?r", "Effects changed"),
        ("speed|rate|fps", "Speed changed"),
        ("pos|place|align|anchor", "Placement changed"),
        ("", "Other details changed"),
    ),
)
_CHINESE = _Phrases(
    nouns={
        _CLIP: ("片段", "片段"),
        _TITLE: ("标题", "标题"),
        _MUSIC: ("音乐", "音乐"),
        None: ("元素", "元素"),
    },
    quote="“{}”",
    unit="{}秒",
    colon="：",
    inner="（{}）",
    comma="，",
    listing="、",
    added="已添加{}",
    removed="已删除{}",
    replaced="{}已更换",
    several="（{}个）",
    more="等，另有{}个",
    volume="{}音量",
    timing="{}个片段的时间有变化",
    order="顺序已调整",
    length="时长",
    frame="画幅",
    unknown="有改动，但草稿没有说明是什么（可能是特效）",
    details=(
        ("trans|fade|dissolve|^cut$", "转场有变化"),
        ("canvas|ratio|aspect|width|height|resolution", "画幅有变化"),
        ("motion|anim|zoom", "镜头运动有变化"),
        ("filter|effect|colou?r", "特效有变化"),
        ("speed|rate|fps", "速度有变化"),
        ("pos|place|align|anchor", "位置有变化"),
        ("", "其他细节有变化"),
    ),
)


def describe(before: Draft | None, after: Draft | None, *, language: str) -> list[str]:
    """What changed from `before` to `after`, a line each; empty where the two are equal.

    `language` is Chinese where it begins with `zh`, else English. What a draft says beside the
    documented keys is described by the names of its keys, or as a change without a name.
    """
    if before == after or (_is_nothing(before) and _is_nothing(after)):
        return []
    phrases = _CHINESE if language.lower().startswith("zh") else _ENGLISH
    changes = _Changes(before or Draft("{}"), after or Draft("{}"), phrases)
    return [well_formed(line) for line in changes.lines() or [phrases.unknown]]


def language_of(text: str) -> str:
    """`zh` or `en`: the language that a person writes in; what they quote does not count."""
    for read in (hidden(text).replace(HIDDEN, " "), text):
        signs = len(_HAN.findall(read))
        words = len(_WORD.findall(read))
        if signs or words:
            return "zh" if signs >= words and not _KANA.search(read) else "en"
    return "en"


def _is_nothing(draft: Draft | None) -> bool:
    return draft is None or draft.raw.strip() in _NOTHING


@dataclass(frozen=True)
class _Match:
    """The segments of one kind: which stayed, which went, which came."""

    kept: list[tuple[Segment, Segment]]
    gone: list[Segment]
    come: list[Segment]
    order: list[int]
    """Where those that stayed stood before, in their order now."""

    @classmethod
    def of(cls, old: Sequence[Segment], new: Sequence[Segment]) -> _Match:
        """Equal segments belong together first, then those of one name, in their order."""
        partner: dict[int, int] = {}
        taken: set[int] = set()
        keys: list[tuple[Sequence[object], Sequence[object]]] = [
            (old, new),
            ([segment.name for segment in old], [segment.name for segment in new]),
        ]
        for old_keys, new_keys in keys:
            places: defaultdict[object, deque[int]] = defaultdict(deque)
            for place, key in enumerate(old_keys):
                if place not in taken:
                    places[key].append(place)
            for place, key in enumerate(new_keys):
                if place not in partner and places[key]:
                    partner[place] = places[key].popleft()
                    taken.add(partner[place])
        return cls(
            kept=[(old[partner[place]], new[place]) for place in sorted(partner)],
            gone=[segment for place, segment in enumerate(old) if place not in taken],
            come=[segment for place, segment in enumerate(new) if place not in partner],
            order=[partner[place] for place in sorted(partner)],
        )

    @property
    def is_reordered(self) -> bool:
        return self.order != sorted(self.order)

    @property
    def is_same_list(self) -> bool:
        return not (self.gone or self.come or self.is_reordered)


class _Changes:
    """Two drafts side by side."""

    def __init__(self, before: Draft, after: Draft, phrases: _Phrases) -> None:
        self._phrases = phrases
        self._before, self._after = before, after
        self._matches = {kind: _Match.of(_all(before, kind), _all(after, kind)) for kind in _KINDS}
        self._lengths = _length(before), _length(after)
        clips = self._matches[_CLIP]
        # Where clips come, go or move, their times and transitions follow by themselves.
        self._is_same_frame = clips.is_same_list and self._lengths[0] == self._lengths[1]

    def lines(self) -> list[str]:
        """All that can be described; empty where nothing documented changed."""
        both = self._before.tracks and self._after.tracks
        details = list(self._detail_lines()) if both else []
        lines = [line for kind in _KINDS for line in self._kind_lines(kind)]
        lines += self._order_lines()
        lines += self._length_lines()
        if self._is_same_frame and not any(self._phrases.details[0][1] == line for line in details):
            lines += self._timing_lines()
        return [*lines, *details]

    def _kind_lines(self, kind: int | None) -> Iterator[str]:
        phrases, match = self._phrases, self._matches[kind]
        pairs = list(match.kept)
        if len(match.gone) == len(match.come) == 1:
            pair = match.gone[0], match.come[0]
            pairs.append(pair)
            yield self._arrow(
                phrases.replaced.format(phrases.nouns[kind][0]),
                *(self._name(s, kind) for s in pair),
            )
        else:
            yield from self._several(phrases.removed, match.gone, kind)
            yield from self._several(phrases.added, match.come, kind)
        for old, new in pairs:
            if old.level != new.level and new.level:
                head = phrases.volume.format(phrases.nouns[kind][0])
                if kind != _MUSIC or len(pairs) > 1:
                    head += phrases.inner.format(self._name(new, kind)) if new.name else ""
                yield self._arrow(head, old.level, new.level)
            follows = self._lengths[0] != self._lengths[1] and kind == _MUSIC
            if kind != _CLIP and old.span != new.span and new.span and not follows:
                yield self._span_line(old, new, kind)

    def _several(self, head: str, segments: Sequence[Segment], kind: int | None) -> Iterator[str]:
        phrases = self._phrases
        one, many = phrases.nouns[kind]
        is_gone = head == phrases.removed
        if len(segments) <= _MOST_NAMES:
            for segment in segments:
                inner = [segment.span and phrases.unit.format(segment.span), segment.level]
                facts = "" if is_gone else phrases.comma.join(filter(None, inner))
                name = self._name(segment, kind)
                line = head.format(one) + (phrases.colon + name if name else "")
                yield line + (phrases.inner.format(facts) if facts else "")
            return
        names = [self._name(segment, kind) for segment in segments]
        shown = phrases.listing.join(name for name in names[:_MOST_NAMES] if name)
        line = head.format(many) + phrases.several.format(len(segments))
        rest = phrases.more.format(len(segments) - _MOST_NAMES)
        yield line + (phrases.colon + shown + rest if shown else "")

    def _order_lines(self) -> Iterator[str]:
        match, phrases = self._matches[_CLIP], self._phrases
        if match.is_reordered:
            names = [self._name(new, _CLIP) for _, new in match.kept]
            is_listed = len(names) <= _MOST_NAMES and all(names)
            yield phrases.order + (phrases.colon + phrases.listing.join(names) if is_listed else "")

    def _length_lines(self) -> Iterator[str]:
        old, new = self._lengths
        if old != new and new:
            unit = self._phrases.unit.format
            yield self._arrow(self._phrases.length, unit(old) if old else "", unit(new))

    def _timing_lines(self) -> Iterator[str]:
        moved = [(a, b) for a, b in self._matches[_CLIP].kept if a.span != b.span and b.span]
        if len(moved) > _MOST_NAMES:
            yield self._phrases.timing.format(len(moved))
        else:
            yield from (self._span_line(old, new, _CLIP) for old, new in moved)

    def _span_line(self, old: Segment, new: Segment, kind: int | None) -> str:
        unit, name = self._phrases.unit.format, self._name(new, kind)
        head = self._phrases.nouns[kind][0]
        if name:
            head += f" {name}" if self._phrases is _ENGLISH else name
        return self._arrow(head, unit(old.span) if old.span else "", unit(new.span))

    def _detail_lines(self) -> Iterator[str]:
        keys: dict[str, None] = dict.fromkeys(_changed(self._before.details, self._after.details))
        old, new = (_track_details(draft) for draft in (self._before, self._after))
        keys |= dict.fromkeys(_changed(old, new))
        pairs = [pair for kind in _KINDS for pair in self._matches[kind].kept]
        if self._is_same_frame:
            for a, b in pairs:
                keys |= dict.fromkeys(_changed(a.details, b.details))
        frames = _frame(self._before.details), _frame(self._after.details)
        lines: dict[str, None] = {}
        for key in keys:
            lines[next(line for names, line in self._phrases.details if _is_in(names, key))] = None
        if not self._matches[_CLIP].is_same_list:
            lines.pop(self._phrases.details[-1][1], None)  # what goes with a clip has no name here
        for line in lines:
            if line == self._phrases.details[1][1] and all(frames):
                yield self._arrow(self._phrases.frame, *frames)
            else:
                yield line

    def _arrow(self, head: str, old: str, new: str) -> str:
        return head + self._phrases.colon + " -> ".join(filter(None, (old, new)))

    def _name(self, segment: Segment, kind: int | None) -> str:
        name = segment.name
        if len(name) > _LONGEST_NAME:
            name = name[: _LONGEST_NAME - 1] + "…"
        return self._phrases.quote.format(name) if name and kind == _TITLE else name


def _all(draft: Draft, kind: int | None) -> list[Segment]:
    return [
        segment
        for track in draft.tracks
        if (track.kind if track.kind in _KINDS else None) == kind
        for segment in track.segments
    ]


def _length(draft: Draft) -> str:
    return "" if draft.duration_ms is None else seconds(draft.duration_ms)


def _track_details(draft: Draft) -> Details:
    return tuple(sorted(pair for track in draft.tracks for pair in track.details))


def _changed(old: Details, new: Details) -> list[str]:
    """The keys of which one side says something else, in the order of their names."""
    return sorted({key for key, _ in set(old) ^ set(new)})


def _is_in(names: str, key: str) -> bool:
    return re.search(names, key, re.IGNORECASE) is not None


def _frame(details: Details) -> str:
    """`1080x1920`, where a canvas says so."""
    for _, value in details:
        width, height = _WIDTH.search(value), _HEIGHT.search(value)
        if width and height:
            return f"{width[1]}x{height[1]}"
    return ""
