"""Every code of the contract's section 5, each by a plain request over a real socket."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_clock import FakeClock

from nemovideo_nodes.emulator.__main__ import main
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.media.sniff import MAX_BYTES

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def too_large(caller: Any) -> httpx.Response:
    """A file one byte over 200 MB, sent in pieces."""
    chunk = bytes(1 << 20)

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        yield PNG + chunk[len(PNG) :]
        for _ in range(MAX_BYTES // len(chunk) - 1):
            yield chunk
        yield b"x\r\n--b--\r\n"

    answer: httpx.Response = caller.http.post(
        f"/api/upload-video/nemo_agent/me/{caller.session_id}",
        content=body(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    return answer


def without_attribution(caller: Any, picture: bytes) -> httpx.Response:
    caller.filmed(picture)
    body = caller.export_body()
    del caller.http.headers["X-Skill-Version"]
    answer: httpx.Response = caller.http.post("/api/render/proxy/lambda", json=body)
    return answer


def export(caller: Any, picture: bytes) -> httpx.Response:
    answer: httpx.Response = caller.filmed(picture).export()
    return answer


def unknown_session(caller: Any) -> httpx.Response:
    caller.session_id = "no-such-session"
    answer: httpx.Response = caller.upload(("a.png", PNG))
    return answer


CODES: list[tuple[str, int, dict[str, Any], Any]] = [
    ("an expired token", 1001, {"token_life_s": 0.5, "clock": FakeClock(tick_s=1)}, "credits"),
    ("an unknown session", 1002, {}, unknown_session),
    ("no credits", 2001, {"credits": 100}, None),
    ("a wrong type", 4001, {}, lambda c: c.upload(("a.pdf", b"%PDF-1.7"))),
    ("too large a file", 4002, {}, too_large),
    ("no client id", 400, {}, lambda c: c.http.post("/api/auth/anonymous-token")),
    ("the free plan", 402, {"options": Options(pace=0, plan="free")}, export),
    ("no attribution headers", 402, {}, without_attribution),
    ("too many tokens", 429, {"strict_tokens": True}, None),
]


@pytest.mark.parametrize(("what", "code", "world", "ask"), CODES, ids=[row[0] for row in CODES])
def test_code(
    tmp_path: Path,
    new_caller: Any,
    picture: bytes,
    what: str,
    code: int,
    world: dict[str, Any],
    ask: Any,
) -> None:
    """The code comes in an envelope, with a message, and without a fault that is set."""
    with RunningEmulator(tmp_path, **world) as emulator:
        caller = new_caller(emulator.url).sign_in()
        if ask == "credits":
            answer = caller.http.get("/api/credits/balance/simple")
        elif code == 2001:
            answer = caller.filmed(picture).post_message('add the title "Hi"')
        elif code == 429:
            answer = caller.http.post(
                "/api/auth/anonymous-token", headers={"X-Client-Id": caller.client_id}
            )
        else:
            caller.open()
            answer = ask(caller, picture) if ask in (export, without_attribution) else ask(caller)
        told = answer.json()
        assert (told["code"], bool(told["message"])) == (code, True), what
        assert emulator.world.requests()[-1].code == code
        left = [path for path in (tmp_path / "uploads").rglob("*.p*") if path.is_file()]
        assert left == []


def test_every_code_of_the_contract_is_walked() -> None:
    """The codes that the client knows are the ones above, and two of the vendor's gateway."""
    from nemovideo_nodes.wire.codes import Code

    assert {code for _, code, _, _ in CODES} == {int(code) for code in Code} - {0, 1010, 1011}


def test_a_short_life_can_be_begun_anew(tmp_path: Path, new_caller: Any) -> None:
    """A token that has ended is replaced by the same client id, with strict tokens too."""
    clock = FakeClock(tick_s=1)
    world: dict[str, Any] = {"token_life_s": 3, "strict_tokens": True, "clock": clock}
    with RunningEmulator(tmp_path, **world) as emulator:
        caller = new_caller(emulator.url).sign_in()
        answers = [caller.http.get("/api/credits/balance/simple").json()["code"] for _ in range(4)]
        assert answers[-1] == 1001
        caller.sign_in()
        assert emulator.counts().tokens == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--silent", "1.5"],
        ["--silent", "often"],
        ["--token-life", "-1"],
        ["--second-stage", "inf"],
        ["--plan", "gold"],
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a sentence that names the option, and exit code 2."""
    with pytest.raises(SystemExit) as refused:
        main(["--world", str(tmp_path), *arguments])
    assert refused.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_options_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option that provokes a code or a whim stands in the help."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    wanted = (
        "--credits",
        "--strict-tokens",
        "--token-life",
        "--plan",
        "--silent",
        "--second-stage",
    )
    assert all(re.search(rf"^  {option} ", told, re.MULTILINE) for option in wanted), json.dumps(
        told
    )
