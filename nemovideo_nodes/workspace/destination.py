"""Delivered videos where people take them from: named so that one can read it, with their texts.

Beside each video lie its caption as text, all that is known of it as JSON, its subtitles, and its
cover. A destination is a folder, or a store's URL (s3://bucket/posts).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.ledger.run_result import Delivered, RunResult
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.workspace.destination_files import (
    BucketFiles,
    DestinationFiles,
    FolderFiles,
)

__all__ = ["Destination", "file_stem", "sidecars"]

_LONGEST_STEM: Final = 150
"""Bytes; disks take 255, and there is an ending, and perhaps a number."""
_MOST_NUMBERS: Final = 1_000
_RENDITION = re.compile(r"-\d+x\d+-[a-z]+-[0-9a-f]{8}$")
_UNFIT = re.compile(r"[^\w.-]+")


def file_stem(date: str, slug: str, platform: str, language: str) -> str:
    """`2026-03-02_spring-sale_tiktok_de`: what is not known is left out."""
    parts = (_fit(part) for part in (date, slug, platform, language))
    stem = "_".join(filter(None, parts)).strip("._-")
    return stem.encode()[:_LONGEST_STEM].decode(errors="ignore") or "video"


def _fit(text: str) -> str:
    """A part of a name that any disk and any address takes; underscores stand between parts."""
    text = unicodedata.normalize("NFC", text.strip()).replace("_", "-")
    return _UNFIT.sub("-", text).strip("-.")[:80]


def sidecars(one: Delivered, post: str = "") -> dict[str, bytes]:
    """The files beside a video, by ending: its text as one pastes it, and all of it as JSON.

    `post` says which post it is, so that no other one is written over it.
    """
    lines = (one.title, one.caption)
    found = {}
    if text := "\n\n".join(filter(None, lines)):
        found[".txt"] = (text + "\n").encode("utf-8", "replace")
    told = {
        "post": post,
        "platform": one.platform,
        "language": one.language,
        "title": one.title,
        "caption": one.caption,
        "hashtags": one.hashtags,
        "alt_text": one.alt_text,
        "link": one.link,
        "width": one.width,
        "height": one.height,
        "duration_s": one.duration_s,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "rendition": one.rendition,
        "synthetic_media": one.synthetic_media,
        "publish_at": one.publish_at.isoformat() if one.publish_at else None,
        "problems": one.violations,
        "notes": one.notes,
    }
    found[".json"] = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8", "replace"
    )
    return found


@dataclass
class Destination:
    """A folder or a bucket's prefix that delivered videos are put into."""

    place: str
    options: Mapping[str, str] | None = None
    """A bucket's account and endpoint; see `Store`."""
    files: DestinationFiles | None = None
    """The files there; None: those of the folder or bucket that `place` names."""

    def __post_init__(self) -> None:
        """Raises `BadInput` for what can be no destination."""
        if self.files is not None:
            return
        if "://" in self.place and not self.place.startswith(REMOTE):
            raise BadInput(f"{self.place[:80]} is no destination: give a folder, or s3://bucket/…")
        if not self.place.startswith(REMOTE) and Path(self.place).expanduser().is_file():
            raise BadInput(f"{self.place} is a file, and a destination is a folder")

    @cached_property
    def _files(self) -> DestinationFiles:
        if self.files is not None:
            return self.files
        if self.place.startswith(REMOTE):
            return BucketFiles(Store(self.place.rstrip("/"), self.options))
        return FolderFiles(Path(self.place).expanduser())

    def put(
        self, result: RunResult, store: Store, *, date: str, slug: str, post: str = ""
    ) -> list[str]:
        """Copy what the run delivers, from its `store`; where each video is then, in order.

        They are named `DATE_SLUG_PLATFORM_LANGUAGE.mp4`, with a number where that is another
        `post`'s already. What is there as it is to be is left alone. Raises `StoreError`.
        """
        return self.put_as(
            result,
            store,
            lambda one: file_stem(date, slug or result.run_id, one.platform, one.language),
            post=post or result.run_id,
        )

    def put_as(
        self,
        result: RunResult,
        store: Store,
        stem_of: Callable[[Delivered], str],
        *,
        post: str = "",
    ) -> list[str]:
        """`put` under names of the caller's own; without a `post` they are written over."""
        taken: set[str] = set()
        places = []
        for one in result.deliveries:
            stem = self._free(stem_of(one), taken, post)
            taken.add(stem)
            places.append(self._put(stem, one, result.subtitles, store, post))
        return places

    def put_one(
        self, one: Delivered, store: Store, stem: str, *, subtitles: Sequence[str], post: str
    ) -> str:
        """`put` for a single video, under `stem` or that with a number; where it is then."""
        return self._put(self._free(stem, set(), post), one, subtitles, store, post)

    def _free(self, stem: str, taken: set[str], post: str) -> str:
        """`stem`, or with the first number under which nothing of another post is."""
        for number in range(1, _MOST_NUMBERS):
            name = stem if number == 1 else f"{stem}-{number}"
            owner = self._told(name).get("post", post) if post else post
            if name not in taken and owner == post:
                return name
        raise StoreError(f"{self._files.place(stem)} and all its numbers are other posts' already")

    def _put(
        self, stem: str, one: Delivered, subtitles: Sequence[str], store: Store, post: str
    ) -> str:
        name = f"{stem}.mp4"
        beside = sidecars(one, post)
        told = self._told(stem)
        size = self._files.size(name)
        if size == one.bytes and told == json.loads(beside[".json"]):
            return self._files.place(name)
        if size != one.bytes or told.get("sha256") != one.sha256:
            with store.local(_name_in(store, one.path)) as source:
                self._files.put_file(name, source)
        for ending, data in self._seen_beside(one, subtitles, store):
            self._write(stem + ending, data)
        if ".txt" in beside:
            self._write(f"{stem}.txt", beside[".txt"])
        elif told:
            self._files.remove(f"{stem}.txt")  # it had a text before
        # It says that all else is there, so it comes last.
        self._write(f"{stem}.json", beside[".json"])
        return self._files.place(name)

    def _seen_beside(
        self, one: Delivered, subtitles: Sequence[str], store: Store
    ) -> Iterator[tuple[str, bytes]]:
        """Subtitles and cover, by the ending of their names."""
        stem = _RENDITION.sub("", one.path.removesuffix(".mp4"))
        for place in subtitles:
            base, _, ending = place.rpartition(".")
            if base == stem:
                yield f".{ending}", store.read(_name_in(store, place)) or b""
        if one.cover is not None and (cover := store.read(_name_in(store, one.cover))):
            yield ".jpg", cover

    def _told(self, stem: str) -> dict[str, object]:
        """What an earlier copy wrote about the video of that name; empty where there is none."""
        try:
            value = json.loads(self._files.read(f"{stem}.json") or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, name: str, data: bytes) -> None:
        """Write a file where it is not there with these bytes."""
        if self._files.read(name) != data:
            self._files.write(name, data)


def _name_in(store: Store, place: str) -> str:
    """The name in the store of what lies at `place`."""
    return place.removeprefix(store.place("")).lstrip("/")
