"""Each call of the contract answers and checks as the contract says."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from photo_site import Site

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def test_token_has_the_documented_form_and_is_not_kept(emulator: Any, new_caller: Any) -> None:
    """A token is nmv_usr_..., comes with the credits, and stands nowhere in the world's folder."""
    answer = new_caller(emulator.url).http.post(
        "/api/auth/anonymous-token", headers={"X-Client-Id": "someone"}
    )
    token = answer.json()["data"]["token"]
    assert token.startswith("nmv_usr_")
    assert answer.json()["data"]["credits"] == 1_000_000
    for file in emulator.folder.rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


def test_token_wants_a_client_id(emulator: Any) -> None:
    """Without X-Client-Id the token call answers code 400."""
    answer = httpx.post(f"{emulator.url}/api/auth/anonymous-token")
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_second_token_is_of_the_same_account(caller: Any) -> None:
    """A client that lost its token gets another one, and finds its session again."""
    before = caller.http.headers["Authorization"]
    caller.sign_in()
    assert caller.http.headers["Authorization"] != before
    assert caller.state()["draft"] is None


def test_strict_tokens_are_limited(tmp_path: Path) -> None:
    """With strict tokens: one per client id, ten per address, and then 429."""
    with RunningEmulator(tmp_path, strict_tokens=True) as emulator:
        url = f"{emulator.url}/api/auth/anonymous-token"
        codes = [
            httpx.post(url, headers={"X-Client-Id": f"client-{number}"}).json()["code"]
            for number in (0, 0, *range(1, 11))
        ]
    assert codes == [0, 429, *[0] * 9, 429]


CALLS = [
    ("POST", "/api/tasks/me/with-session/nemo_agent"),
    ("POST", "/api/auth/claim-token"),
    ("POST", "/api/upload-video/nemo_agent/me/{session}"),
    ("POST", "/run_sse"),
    ("GET", "/api/credits/balance/simple"),
    ("GET", "/api/state/nemo_agent/me/{session}/latest"),
    ("POST", "/api/render/proxy/lambda"),
    ("GET", "/api/render/proxy/lambda/render_1"),
    ("GET", "/api/render/proxy/render_1/download"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_wants_a_valid_token(emulator: Any, caller: Any, method: str, path: str) -> None:
    """No token, a wrong one and an expired one all answer 1001 in an envelope."""
    path = path.format(session=caller.session_id)
    expired = caller.http.headers["Authorization"]
    emulator.world.expire_tokens()
    for value in (None, "Bearer nmv_usr_wrong", "Basic abc", expired):
        headers = {"Authorization": value} if value else {}
        answer = httpx.request(method, emulator.url + path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (200, 1001)


def test_a_session_belongs_to_its_account(emulator: Any, caller: Any, new_caller: Any) -> None:
    """Another account's session is unknown: 1002, and 404 with a detail from run_sse."""
    other = new_caller(emulator.url, "client-2").sign_in()
    other.session_id = caller.session_id
    other.task_id = caller.task_id
    assert other.upload(("a.png", PNG)).json()["code"] == 1002
    path = f"/api/state/nemo_agent/me/{caller.session_id}/latest"
    assert other.http.get(path).json()["code"] == 1002
    body = {"session_id": caller.session_id, "task_id": caller.task_id}
    assert other.http.post("/api/auth/claim-token", json=body).json()["code"] == 1002
    answer = other.post_message("hello there")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Session not found"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"app_name": "nemo_agent"},
        {"app_name": "other", "user_id": "me", "session_id": "x", "new_message": {"parts": []}},
    ],
)
def test_a_wrong_message_is_422(caller: Any, body: dict[str, Any]) -> None:
    """A body that ADK cannot read answers 422, with a list of details."""
    answer = caller.http.post("/run_sse", json=body)
    assert answer.status_code == 422
    assert {"type", "loc", "msg"} <= answer.json()["detail"][0].keys()


def test_bodies_are_strict(caller: Any, picture: bytes) -> None:
    """A field that the contract does not know is refused, with its name."""
    caller.filmed(picture)
    url = "/api/tasks/me/with-session/nemo_agent"
    for answer in (
        caller.http.post(url, json={"task_name": "project", "colour": "red"}),
        caller.export(colour="red"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, 400)
        assert "colour" in answer.json()["message"]
    assert caller.http.post(url, content=b"{").json()["code"] == 400


def test_uploads_are_judged_by_content(caller: Any, picture: bytes) -> None:
    """The name does not matter, the content does: 4001; of several files all or none are kept."""
    assert caller.upload(("photo.txt", picture)).json()["code"] == 0
    assert caller.upload(("photo.jpg", b"just text")).json()["code"] == 4001
    assert caller.upload(("photo.jpg", b"")).json()["code"] == 4001
    assert caller.upload(("b.jpg", picture), ("c.jpg", b"no")).json()["code"] == 4001
    assert [info["file_name"] for info in caller.state()["video_infos"]] == ["photo.txt"]


def test_several_files_in_one_upload(emulator: Any, caller: Any, picture: bytes) -> None:
    """Parts named files are all kept, in order, under the names that they came with."""
    names = ["3fa9c1d2e4b5-咖啡.jpg", "b c.jpg"]
    assert caller.upload(*[(name, picture) for name in names]).json()["code"] == 0
    assert [info["file_name"] for info in caller.state()["video_infos"]] == names
    assert emulator.counts().uploads == 2


def test_the_same_file_again_is_counted_and_kept_once(
    emulator: Any, caller: Any, picture: bytes
) -> None:
    """An upload repeated under its name stands once in the state, and twice in the counts."""
    ids = [caller.upload(("a.jpg", picture)).json()["data"]["files"][0]["id"] for _ in range(2)]
    assert [info["id"] for info in caller.state()["video_infos"]] == ids[:1] == ids[1:]
    assert len(list((emulator.folder / "uploads").rglob("*.jpg"))) == 1
    assert emulator.counts().by_session[caller.session_id].uploads == 2


def test_wrong_multipart_is_422(caller: Any, picture: bytes) -> None:
    """Another field's name, no multipart at all, a body that ends early."""
    path = f"/api/upload-video/nemo_agent/me/{caller.session_id}"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    cut = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + PNG
    for answer in (
        caller.upload(("a.jpg", picture), field="file"),
        caller.http.post(path, content=b"abc"),
        caller.http.post(path, content=b"--b--\r\n", headers=kind),
        caller.http.post(path, content=cut, headers=kind),
    ):
        assert answer.status_code == 422
        assert isinstance(answer.json()["detail"], list)


def test_uploads_by_url(emulator: Any, caller: Any, picture: bytes) -> None:
    """A loopback URL is fetched; others than https are refused; the query is not kept."""
    caller.filmed(picture)
    caller.export(id="render_9")
    emulator.wait_for_renders()
    url = caller.status("render_9").json()["output"]["url"]
    path = f"/api/upload-video/nemo_agent/me/{caller.session_id}"
    answer = caller.http.post(path, json={"urls": [url], "source_type": "url"})
    assert answer.json()["code"] == 4001  # the stub's video is none
    for refused in ("http://192.0.2.1/a.jpg", "file:///etc/passwd", "https://", "data:,x"):
        answer = caller.http.post(path, json={"urls": [refused], "source_type": "url"})
        assert answer.json()["code"] == 400
    assert caller.http.post(path, json={"urls": []}).json()["code"] == 400


def test_redirects_are_followed_by_https_alone(caller: Any, photo_site: Site) -> None:
    """As a service does that takes pictures by URL; a loop and a way out of https end it."""
    path = f"/api/upload-video/nemo_agent/me/{caller.session_id}"
    told = {}
    for page in ("/moved", "/round", "/away", "/broken"):
        body = {"urls": [photo_site.url + page], "source_type": "url"}
        answer = caller.http.post(path, json=body).json()
        told[page] = (answer["code"], answer["message"])
    assert told["/moved"] == (0, "success")
    assert [told[page][0] for page in ("/round", "/away", "/broken")] == [400, 400, 400]
    assert "more than 3 times" in told["/round"][1]
    assert "Only https" in told["/away"][1]
    assert "HTTP 503" in told["/broken"][1]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://127.0.0.1:{port}/coffee.png", "127.0.0.0/8 is Loopback"),
        ("https://[::ffff:127.0.0.1]:{port}/coffee.png", ""),
        ("https://10.0.0.7/coffee.png", "10.0.0.0/8 is"),
        ("https://169.254.169.254/latest.png", "169.254."),
    ],
)
def test_only_public_addresses_are_asked(
    tmp_path: Path, photo_site: Site, new_caller: Any, url: str, told: str
) -> None:
    """Unless the emulator's own environment names others: a request is nobody's word for it."""
    with RunningEmulator(tmp_path / "closed") as emulator:
        caller = new_caller(emulator.url).sign_in().open()
        body = {"urls": [url.format(port=urlsplit(photo_site.url).port)], "source_type": "url"}
        path = f"/api/upload-video/nemo_agent/me/{caller.session_id}"
        answer = caller.http.post(path, json=body).json()
    assert answer["code"] == 400
    assert f"is refused ({told}" in answer["message"]
    assert photo_site.seen == []


def test_claim_link(caller: Any) -> None:
    """A claim token has its own form and lives for a week."""
    body = {"task_id": caller.task_id, "session_id": caller.session_id}
    data = caller.http.post("/api/auth/claim-token", json=body).json()["data"]
    assert data["claim_token"].startswith("clm_")
    assert data["expires_in"] == 604_800


def test_generation_and_edits_cost_and_export_does_not(
    emulator: Any, caller: Any, picture: bytes
) -> None:
    """A generation takes 100, an edit 50, talk and export nothing."""
    caller.filmed(picture)
    assert caller.credits() == {"available": 999_900, "frozen": 0, "total": 999_900}
    caller.say('add the title "Hi"')
    caller.say("what can you do?")
    caller.export()
    assert caller.credits()["available"] == 999_850


def test_without_credits_a_message_is_2001(tmp_path: Path, new_caller: Any, picture: bytes) -> None:
    """With 100 credits one film can be made; the next message names the account to bind."""
    with RunningEmulator(tmp_path, credits=100) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        answer = caller.post_message('add the title "Hi"')
        assert answer.json()["code"] == 2001
        assert answer.json()["data"]["bind"]
        assert emulator.counts().messages == 1
        assert caller.state()["draft"]["t"][0]["tt"] == 0


def test_export_wants_the_three_headers(caller: Any, picture: bytes) -> None:
    """An export without one of the attribution headers is 402; nothing else wants them."""
    caller.filmed(picture)
    for name in ("X-Skill-Source", "X-Skill-Version", "X-Skill-Platform"):
        value = caller.http.headers.pop(name)
        assert caller.export().json()["code"] == 402
        caller.http.headers[name] = value
    assert caller.export().json()["status"] == "pending"


def test_export_wants_the_current_draft(caller: Any, picture: bytes) -> None:
    """An empty timeline, another draft and a body without one are refused; key order is free."""
    assert caller.export(draft={}).status_code == 400
    caller.filmed(picture)
    draft = caller.state()["draft"]
    assert caller.export(draft=draft | {"d": 1}).status_code == 400
    assert caller.export(draft=None).status_code == 400
    assert caller.export(id="movie_1").status_code == 400
    assert caller.export(draft=dict(reversed(draft.items()))).status_code == 200


def test_the_same_render_id_is_one_render(emulator: Any, caller: Any, picture: bytes) -> None:
    """A repeated export changes nothing; another session's render of that id is refused."""
    caller.filmed(picture)
    answers = [caller.export(id="render_5").json()["id"] for _ in range(3)]
    assert answers == ["render_5"] * 3
    assert emulator.counts().renders == 1
    caller.filmed(picture)
    assert caller.export(id="render_5").status_code == 409


def test_an_unknown_render_is_404(
    emulator: Any, caller: Any, picture: bytes, new_caller: Any
) -> None:
    """An id that nobody accepted, and one of another account."""
    assert caller.status("render_404").status_code == 404
    caller.filmed(picture)
    caller.export(id="render_1")
    other = new_caller(emulator.url, "client-2").sign_in()
    assert other.status("render_1").status_code == 404
    assert other.http.get("/api/render/proxy/render_1/download").status_code == 404


def test_counts_are_told_to_this_machine_only(emulator: Any, caller: Any) -> None:
    """The counts need no token, and no web page gets them."""
    told = httpx.get(f"{emulator.url}/__emulator__/counts").json()
    assert told == emulator.counts().as_json()
    assert (told["tokens"], told["sessions"]) == (1, 1)
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        answer = httpx.get(f"{emulator.url}/__emulator__/counts", headers=headers)
        assert answer.status_code == 403


def test_the_request_log_holds_no_secret(emulator: Any, caller: Any) -> None:
    """Requests are logged by endpoint, with status and code, without a query or a token."""
    httpx.get(f"{emulator.url}/media/abc.mp4?sig=secret")
    caller.status("render_7")
    httpx.get(f"{emulator.url}/api/credits/balance/simple")
    log = emulator.world.requests()[-3:]
    assert [(r.endpoint, r.status, r.code, r.bearer) for r in log] == [
        ("download", 403, None, False),
        ("render_status", 404, None, True),
        ("credits", 200, 1001, False),
    ]
    assert log[0].path == "/media/abc.mp4"


def test_tokens_end_after_a_week(tmp_path: Path) -> None:
    """A token of eight days ago is no longer valid."""
    with RunningEmulator(tmp_path, options=Options(pace=0)) as emulator:
        token, _ = emulator.world.issue_token("someone", "::1")
        assert emulator.world.account_of(token) is not None
        database = sqlite3.connect(tmp_path / "world.sqlite3")
        with database:
            database.execute("UPDATE tokens SET expires = expires - 8 * 86400")
        database.close()
        assert emulator.world.account_of(token) is None
