"""How users' own programs see the Python door: mypy and pyright check this file, nobody runs it.

`make types` runs both. A wrong use is marked for both: a mark that is not needed is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import nemovideo_nodes as nv


def make_a_video() -> str:
    """All that a video has, typed."""
    video = nv.make(["photos/", Path("a.png"), b"\x89PNG"], "a 5-second video", platform="tiktok")
    assert_type(video, nv.VideoResult)
    assert_type(video.duration, float)
    assert_type(video.replies, list[str])
    assert_type(video.poster, bytes | None)
    assert_type(video.credits.account_moved, float | None)
    assert_type(video.run, nv.RunResult)
    return video.path


async def make_several() -> list[str]:
    """In an event loop."""
    first = await nv.make_async("photos/", ["one", "two"], aspect="1:1", run_id="mine")
    handle = await nv.submit_async("photos/", "a 5-second video", again=True, local=True)
    assert_type(handle, nv.RunHandle)
    second = await handle.wait_async(on_progress=lambda event: print(event.kind))
    assert_type(await handle.refine_async("make it 3 seconds longer"), nv.VideoResult)
    return [first.path, second.path]


def come_back(run_id: str) -> str | None:
    """A run by its id, and what went wrong with it."""
    handle = nv.get(run_id)
    try:
        return handle.wait().path
    except nv.RunStopped as stopped:
        assert_type(stopped.code, nv.ErrorCode)
        assert_type(stopped.remedy, nv.Remedy | None)
        return stopped.run_id
    except nv.BadInput as error:
        return str(error)


def wrong_uses() -> None:
    """Caught before the program runs."""
    nv.make(5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    nv.make("photos/", platfrom="x")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    nv.submit("photos/", aspcet="1:1")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    nv.submit("photos/", again=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    len(nv.get("run"))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
