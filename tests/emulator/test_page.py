"""The owner's page shows what there is, to this machine alone, and runs nothing that was sent."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import httpx

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
EVIL = '<img src=x onerror="alert(1)">.jpg'


def test_sessions_drafts_and_renders_are_shown(
    tmp_path: Path, nemovideo_options: Options, new_caller: Any, picture: bytes
) -> None:
    """A finished render has a poster and a link that works, a failed one its error."""
    with RunningEmulator(tmp_path, options=nemovideo_options) as emulator:
        assert "Nothing has been asked for yet" in httpx.get(emulator.url).text
        caller = new_caller(emulator.url).sign_in().open()
        caller.upload((EVIL, picture))
        caller.say('make a 2 second video titled "<b>夏日</b>"')
        caller.export(id="render_1")
        emulator.add_fault("export", 1, "render_failed", arg="no <disk> left")
        caller.export(id="render_2")
        emulator.wait_for_renders()
        page = httpx.get(emulator.url)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<img src=x" not in page.text
        assert "<b>" not in page.text
        assert "&lt;b&gt;夏日&lt;/b&gt;" in page.text
        assert "render_2<br>failed: no &lt;disk&gt; left" in page.text
        (poster,) = re.findall(r'poster="(/__emulator__/posters/\w+\.jpg)"', page.text)
        shown = httpx.get(emulator.url + poster)
        assert (shown.headers["content-type"], shown.content[:2]) == ("image/jpeg", b"\xff\xd8")
        (link,) = re.findall(r'<video [^>]*src="([^"]+)"', page.text)
        video = httpx.get(emulator.url + link.replace("&amp;", "&"))
        assert (video.status_code, video.content[4:8]) == (200, b"ftyp")


def test_what_was_asked_and_answered_is_shown(caller: Any, emulator: Any, picture: bytes) -> None:
    """A session has a person's name, its uploads as pictures, its messages, and the credits."""
    caller.upload(("summer photo.jpg", picture), ("walk.png", PNG))
    caller.say("a 2 second square video with fireworks")
    emulator.add_fault("run_sse", 1, "silent")
    caller.say("make it 3 seconds long")
    page = httpx.get(emulator.url).text
    assert "<h2>a 2 second square video with fireworks</h2>" in page
    assert "The edit is done" in page
    assert "Left out: fireworks" in page
    assert "make it 3 seconds long" in page
    assert "(no answer)" in page
    assert "Credits left: 999,850." in page
    assert "summer photo.jpg" in page
    shown = re.findall(r'src="(/__emulator__/uploads/\w+)"', page)
    assert len(shown) == 2
    first = httpx.get(emulator.url + shown[0])
    assert (first.headers["content-type"], first.content) == ("image/jpeg", picture)
    assert httpx.get(f"{emulator.url}/__emulator__/uploads/none").status_code == 404


def test_the_page_stands_still_unless_something_is_under_way(
    tmp_path: Path, stub_renderer: Any, new_caller: Any, picture: bytes
) -> None:
    """A page that loads anew would stop the player."""
    options = Options(pace=0.0, renderer=stub_renderer("import sys; sys.stdin.read()"))
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        assert "refresh" not in httpx.get(emulator.url).text
        caller.export(id="render_1")
        assert "refresh" in httpx.get(emulator.url).text
        caller.http.post("/api/render/proxy/lambda/render_1/cancel")
        assert "refresh" not in httpx.get(emulator.url).text


def test_other_machines_and_other_pages_are_refused(emulator: Any) -> None:
    """A name that points here, and a script of another site, see nothing."""
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        assert httpx.get(emulator.url, headers=headers).status_code == 403
        for path in ("posters/x.jpg", "uploads/x"):
            url = f"{emulator.url}/__emulator__/{path}"
            assert httpx.get(url, headers=headers).status_code == 403
