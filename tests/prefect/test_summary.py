"""The summary of a run: what each platform gets, with the text that goes out with it."""

from __future__ import annotations

from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import Delivered, RunResult
from nemovideo_nodes.prefect.summary import Shown, summary_of


def test_platforms_and_captions_are_shown() -> None:
    """One line each; what would be markup stays text."""
    delivered = Delivered(
        platform="instagram-feed",
        path="/store/runs/r/video-1080x1350-blur-01234567.mp4",
        sha256="",
        bytes=1,
        duration_s=3,
        width=1080,
        height=1350,
        rendition="blur",
        language="de",
        caption="Spring\n\n#sale",
    )
    page = summary_of(Run("r"), RunResult(run_id="r", status="done", deliveries=[delivered]))
    assert (
        "## Platforms\n\n- **Instagram Feed, de, 1080x1350, blur**: "
        "`/store/runs/r/video-1080x1350-blur-01234567.mp4`\n  Spring \\#sale\n"
    ) in page
    assert "## Platforms" not in summary_of(Run("r"), RunResult(run_id="r", status="done"))


def test_a_flow_that_waits_says_for_what() -> None:
    """The video is made, and the flow run waits: its word counts."""
    done = RunResult(run_id="r", status="done")
    assert summary_of(Run("r"), done).startswith("# r: done\n")
    waits = Shown(name="spring", state="waits for your review")
    assert summary_of(Run("r"), done, waits).startswith("# spring: waits for your review\n")
