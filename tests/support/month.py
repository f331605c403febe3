"""A calendar of many rows, made through the command line against an emulator that has faults."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shell import Ended, Service, Shell

from nemovideo_nodes.clock import SystemClock

__all__ = ["Month"]

_PLATFORMS = ("TikTok, IG Feed", "YT Shorts", "IG Feed, X, tiktok")
_PRESETS = (("tiktok", "instagram-feed"), ("youtube-shorts",), ("instagram-feed", "x", "tiktok"))
_LANGUAGES = ((), ("en", "de"))
_ACCOUNTS = ("", "acme")
_BAD = (
    "31.12.2026,,x,tiktok,,,,,,,",
    '{due},,x,tiktok,"en, de",,,,,,',  # no words in German
    "{due},,x,tiktokk,,,,,,,",
)


@dataclass
class Month:
    """`rows` good rows, over three platforms, two languages and two accounts, and `bad` ones."""

    shell: Shell
    service: Service
    rows: int
    bad: int
    revised: int = 0
    told: list[Ended] = field(default_factory=list)

    def __post_init__(self) -> None:
        folder = self.shell.home / ".config" / "nemovideo"
        folder.mkdir(parents=True, exist_ok=True)
        accounts = folder / "accounts.toml"
        accounts.write_text(f'[acme]\nclient_id = "acme"\napi_url = "{self.service.url}"\n')
        accounts.chmod(0o600)
        self.due = f"{SystemClock().now() - timedelta(hours=1):%Y-%m-%dT%H:%M:00Z}"
        self.pictures = self.shell.pictures
        self._write()

    def languages(self, row: int) -> tuple[str, ...]:
        """Of a good row, by its number from 0 on; one video without any has none."""
        return _LANGUAGES[row // 3 % 2] or ("",)

    @property
    def videos(self) -> int:
        """How many generations the good rows need."""
        return sum(len(self.languages(row)) for row in range(self.rows))

    def add_faults(self) -> None:
        """What a service does on a bad day; none of it may double or lose anything."""
        for endpoint, nth, kind in (
            ("run_sse", 2, "cut"),
            ("run_sse", 4, "http:429"),
            ("upload", 1, "reset_after"),
            ("export", 2, "reset_after"),
            ("render_status", 2, "http:502"),
            ("download", 1, "cut"),
            ("download", 4, "corrupt"),
            ("state", 3, "reset"),
        ):
            self.service.add_fault(endpoint, nth, kind)

    def command(self, *more: str) -> tuple[str, ...]:
        """`calendar run` of this month."""
        return (
            *("calendar", "run", str(self.calendar), "--json", "--at-once", "2"),
            *("--results", str(self.results), "--to", str(self.target), *more),
        )

    def run_to_its_end(self, seconds: float = 1_200) -> None:
        """Run it again while something is unfinished."""
        until = time.monotonic() + seconds
        while True:
            ended = self.shell.type(*self.command())
            self.told.append(ended)
            if ended.code != 75:
                break
            assert time.monotonic() < until, ended.err
        assert ended.code == 0, (ended.err, [one["error"] for one in ended.result["videos"]])

    def outcomes(self) -> set[str]:
        """What the command says of the videos when it is run once more."""
        ended = self.shell.type(*self.command())
        assert ended.code == 0, ended.err
        return {one["outcome"] for one in ended.result["videos"]}

    def revise(self, rows: int) -> None:
        """Give the first rows another revision and another caption."""
        self.revised = rows
        self._write()

    def check_deliveries(self) -> None:
        """The results, and what lies at the destination: a file a platform, with its texts."""
        text = self.results.read_text("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text)))
        assert [line["status"] for line in lines] == ["done"] * self.videos
        assert {line["Owner"] for line in lines} == {"Ann"}
        day = self.due[:10]
        for row in range(self.rows):
            for language in self.languages(row):
                for platform in _PRESETS[row % 3]:
                    parts = filter(None, (day, f"post-{row}", platform, language))
                    self._check_delivery(self.target / f"{'_'.join(parts)}.mp4", row, platform)
        files = [one for line in lines for one in line["files"].split("|")]
        assert len(files) == len(set(files)) == len(list(self.target.glob("*.mp4")))
        for one in files:
            platform, _, place = one.partition("=")
            assert f"_{platform}" in Path(place).name
            assert Path(place).is_file()

    def _check_delivery(self, video: Path, row: int, platform: str) -> None:
        told = json.loads(video.with_suffix(".json").read_text())
        assert video.stat().st_size == told["bytes"]
        assert told["platform"] == platform
        assert (told["width"], told["height"]) == {
            "tiktok": (90, 160),
            "instagram-feed": (96, 120),
            "youtube-shorts": (90, 160),
            "x": (96, 160),
        }[platform]
        again = " again" if row < self.revised else ""
        assert f"Post {row}{again}" in video.with_suffix(".txt").read_text()
        assert video.with_suffix(".jpg").read_bytes()[:2] == b"\xff\xd8"

    @property
    def calendar(self) -> Path:
        return self.shell.folder / "month.csv"

    @property
    def results(self) -> Path:
        return self.shell.folder / "results.csv"

    @property
    def target(self) -> Path:
        return self.shell.folder / "posts"

    def _write(self) -> None:
        lines = [
            "Slug,Due,Images,Prompt,Platforms,Languages,prompt.de,Caption,caption.de,Account,"
            "Revision,Owner"
        ]
        for row in range(self.rows):
            languages = ", ".join(self.languages(row)).strip()
            again = " again" if row < self.revised else ""
            german = ("Ein 3 Sekunden Video", f"Post {row}{again} de") if languages else ("", "")
            lines.append(
                f"post-{row},{self.due},{self.pictures[row % 2]},A 3 second video,"
                f'"{_PLATFORMS[row % 3]}","{languages}",{german[0]},Post {row}{again},{german[1]},'
                f"{_ACCOUNTS[row % 2]},{'2' if row < self.revised else ''},Ann"
            )
        bad = [_BAD[number % len(_BAD)].format(due=self.due) for number in range(self.bad)]
        lines += [f"bad-{number},{line}" for number, line in enumerate(bad)]
        self.calendar.write_text("\n".join(lines) + "\n")
