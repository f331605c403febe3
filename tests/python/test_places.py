"""The Python door where people use it: a script, a notebook, a handler of a web service."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import nbformat
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from nbclient import NotebookClient
from stage import Stage

import nemovideo_nodes as nv

PROMPT = "A 2 second video"
SCRIPT = f"""
import sys
import nemovideo_nodes as nv

try:
    video = nv.make(sys.argv[1:], {PROMPT!r})
except nv.NemoVideoError as error:
    sys.exit(f"{{error.code}}: {{error}}")
print(video.path)
"""


def run_script(*pictures: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *pictures], capture_output=True, text=True, timeout=120
    )


def test_a_script_prints_the_path_or_what_is_wrong(connected: Stage) -> None:
    """One line each, no traceback, nothing beside it."""
    made = run_script(*connected.pictures)
    assert (made.returncode, made.stderr) == (0, "")
    assert Path(made.stdout.strip()).stat().st_size
    wrong = run_script("nothing.png")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("bad_input: There is no file 'nothing.png'")
    assert len(wrong.stderr.splitlines()) == 1


def test_a_notebook_shows_the_video(connected: Stage) -> None:
    """The last value of a cell is shown with its poster and its link; the loop is no obstacle."""
    cells = [
        "import nemovideo_nodes as nv",
        f"nv.make({connected.pictures!r}, {PROMPT!r})",
        f"video = await nv.make_async({connected.pictures!r}, {PROMPT!r})\nvideo.duration",
        "nv.get(video.run_id).status().state",
    ]
    code = [nbformat.v4.new_code_cell(one) for one in cells]
    notebook = nbformat.v4.new_notebook(cells=code)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [cell.outputs[0].data for cell in notebook.cells[1:]]
    assert "data:image/jpeg;base64," in shown[0]["text/html"]
    assert "video.mp4 · 1.0 s · 96x160" in shown[0]["text/html"]
    assert 'href="file://' in shown[0]["text/html"]
    assert [one["text/plain"] for one in shown[1:]] == ["1.0", "'done'"]
    assert connected.sent == (1, 1, 2)


@pytest.fixture
def web(connected: Stage) -> httpx.AsyncClient:
    """A web service that takes orders, answers at once, and makes the videos afterwards."""
    app = FastAPI()

    @app.post("/videos")
    async def order(prompt: str, work: BackgroundTasks) -> dict[str, str]:
        try:
            handle = await nv.submit_async(connected.pictures, prompt)
        except nv.BadInput as error:
            raise HTTPException(422, {"code": error.code, "detail": str(error)}) from None
        work.add_task(handle.wait_async)
        return {"run_id": handle.run_id}

    @app.get("/videos/{run_id}")
    def status(run_id: str) -> dict[str, object]:
        return nv.get(run_id).status().model_dump()

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_handler_takes_an_order_and_tells_how_it_stands(
    connected: Stage, web: httpx.AsyncClient
) -> None:
    """The same order twice is one run; what cannot be used is a 422 with its code."""
    async with web:
        first, second = await asyncio.gather(
            *(web.post("/videos", params={"prompt": PROMPT}) for _ in range(2))
        )
        assert first.json() == second.json()
        told = (await web.get(f"/videos/{first.json()['run_id']}")).json()
        assert (told["state"], len(told["videos"])) == ("done", 1)
        wrong = await web.post("/videos", params={"prompt": " "})
        assert (wrong.status_code, wrong.json()["detail"]["code"]) == (422, "bad_input")
    assert connected.sent == (1, 1, 2)
