"""NemoVideoClient: the service as one method an endpoint."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

import httpx

from nemovideo_nodes.api.calls import ApiCalls
from nemovideo_nodes.api.files import MultipartFile, Progress, check_file, download_file
from nemovideo_nodes.api.tokens import GivenToken, StoredToken, TokenSource
from nemovideo_nodes.api.transport import Clients, Timeouts, check_machine
from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    MediaTooLarge,
    RateLimited,
    Refused,
    Secret,
    TokenInvalid,
    Unreachable,
    UnsupportedMedia,
    VideoInvalid,
    redact,
    well_formed,
)
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.settings import Settings, checked_url, find_profile, origin_of
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.models import (
    AGENT,
    ClaimAnswer,
    CreditsAnswer,
    MessageRequest,
    RenderAnswer,
    SessionAnswer,
    SessionRequest,
    StateAnswer,
    TokenAnswer,
    UploadAnswer,
    UploadUrlsRequest,
    export_body,
)
from nemovideo_nodes.wire.turn import StreamEvent, Turn

__all__ = ["NemoVideoClient"]

_MOST_REDIRECTS = 5


class NemoVideoClient:
    """An async client of one service and one account.

    Every argument is optional and comes from `settings` (the environment) otherwise. `profile`
    takes a name, the path of a skill document, or a `Profile`. One client serves one event loop.

    Raises the errors of `nemovideo_nodes.errors`, all of them a `NemoVideoError`.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        token: str | None = None,
        profile: str | os.PathLike[str] | Profile | None = None,
        client_id: str | None = None,
        web_url: str | None = None,
        settings: Settings | None = None,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeouts: Timeouts | None = None,
        waits: bool = True,
    ) -> None:
        """`waits=False` raises `RateLimited` at once, for a caller that waits in its own way."""
        self.settings = settings or Settings.from_environment()
        allow_http = self.settings.allow_http
        self.base_url = checked_url(
            base_url or self.settings.api_url, "The URL of the API", allow_http=allow_http
        )
        self.web_url = checked_url(
            web_url or self.settings.web_url, "The URL of the web app", allow_http=allow_http
        )
        self.profile = find_profile(profile or DEFAULT_PROFILE, self.settings.platform)
        self.clock: Clock = clock or SystemClock()
        self._tokens: TokenSource
        check_machine(self.base_url)
        token = Secret(token) if token else None  # no traceback that lists variables shows it
        given = token or Secret(self.settings.token or "")
        if given:
            if not _fits_a_header(given) or " " in given:
                raise BadInput("The token holds characters that cannot stand in an HTTP header")
            own = not token or token == self.settings.token
            source = self.settings.token_source if own else "the argument `token`"
            self._tokens = GivenToken(given, source=source)
        else:
            if client_id and not _fits_a_header(client_id):
                raise BadInput("The client id holds characters that cannot stand in an HTTP header")
            self._tokens = StoredToken(
                folder=self.settings.config_dir,
                api_url=self.base_url,
                client_id=client_id or self.settings.client_id,
                clock=self.clock,
                acquire=self._acquire,
            )
        timeouts = timeouts or Timeouts()
        self._clients = Clients(
            timeouts, transport, local=(self.base_url, self.settings.local_world)
        )
        self._calls = ApiCalls(
            base_url=self.base_url,
            web_url=self.web_url,
            headers=self.profile.headers,
            tokens=self._tokens,
            clock=self.clock,
            timeouts=timeouts,
            clients=self._clients,
            rate_limit_s=self.settings.pace.rate_limit_s,
            waits=waits,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._clients.aclose()

    @property
    def anonymous(self) -> bool:
        """Whether the token is acquired here, rather than given."""
        return self._tokens.anonymous

    def account(self) -> tuple[str, ...]:
        """Fingerprints of what identifies the account; no request is made."""
        return self._tokens.account()

    async def acquire_token(self) -> str:
        """A valid token, acquired only if there is none; it is a secret."""
        return await self._tokens.current()

    async def _acquire(self, client_id: str) -> TokenAnswer:
        answer, _ = await self._calls.call_unsigned(
            "POST", "/api/auth/anonymous-token", {"X-Client-Id": client_id}
        )
        return TokenAnswer.read(answer)

    async def create_session(self, language: str | None = None) -> SessionAnswer:
        """Open a session: one timeline and its uploads. `language` defaults to the profile's."""
        body = SessionRequest(language=language or self.profile.language)
        answer, _ = await self._post_json(
            f"/api/tasks/me/with-session/{AGENT}", body.model_dump(exclude_none=True)
        )
        return SessionAnswer.read(answer)

    async def upload(
        self,
        session_id: str,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        mime: str | None = None,
        progress: Progress | None = None,
    ) -> UploadAnswer:
        """Upload one local file, streamed; `name` is what the service calls it.

        Where the answer lists what arrived, that is proof; the service need not list anything.

        Raises `BadInput` for a file that the service would not take, before anything is sent.
        """
        file = Path(path)
        kind = await asyncio.to_thread(check_file, file)
        body = await asyncio.to_thread(
            MultipartFile, file, name=name or file.name, mime=mime or kind.mime, progress=progress
        )
        try:
            answer, _ = await self._calls.call(
                "POST",
                _upload_path(session_id),
                content=body,
                headers=body.headers,
                is_upload=True,
            )
        except (UnsupportedMedia, MediaTooLarge) as error:
            raise type(error)(
                f"{file.name}: {error.sentence}",
                service_code=error.service_code,
                status=error.status,
                request_id=error.request_id,
            ) from None
        return UploadAnswer.read(answer)

    async def upload_urls(self, session_id: str, urls: list[str]) -> UploadAnswer:
        """Have the service fetch media from https URLs."""
        if not urls:
            raise BadInput("There is no URL to upload")
        for url in urls:
            if not url.lower().startswith("https://"):
                raise BadInput(f"Only https URLs can be uploaded by URL, not {redact(url)!r}")
        answer, _ = await self._post_json(
            _upload_path(session_id),
            UploadUrlsRequest(urls=urls).model_dump(),
            is_upload=True,
        )
        return UploadAnswer.read(answer)

    async def send_message(
        self,
        session_id: str,
        text: str,
        *,
        on_event: Callable[[StreamEvent], None] | None = None,
        repeat: bool = True,
    ) -> Turn:
        """Send one message and hold its stream to the end. This is what costs money.

        A stream that breaks off gives a `Turn` that is not `complete`. Raises `Unreachable` where
        the message was certainly not sent, `Refused` where the answer proves that it was not
        accepted, and any other `ServiceError` where it may have been: then read the state, and
        never send it again by itself. `repeat=False` leaves even the documented repetitions to the
        caller; a refused token is renewed all the same. `on_event` must not raise: that would hang
        up, and the agent would be cancelled.
        """
        try:
            body = MessageRequest.of(session_id, text).model_dump_json().encode()
        except ValueError:
            raise BadInput("The message is not valid Unicode text") from None

        async def once(token: str) -> Turn:
            return await self._calls.stream_message("/run_sse", body, on_event, token)

        return await self._calls.repeating(once, repeat=repeat)

    async def read_state(self, session_id: str) -> StateAnswer:
        """The session's draft and media."""
        path = f"/api/state/{AGENT}/me/{_segment(session_id)}/latest"
        return StateAnswer.read(*await self._calls.call("GET", path))

    async def credits(self) -> CreditsAnswer:
        """The account's balance."""
        answer, _ = await self._calls.call("GET", "/api/credits/balance/simple")
        return CreditsAnswer.read(answer)

    async def submit_render(
        self, session_id: str, draft: Draft | Mapping[str, Any], render_id: str
    ) -> None:
        """Export the draft, exactly as `read_state` gave it, under an id that the caller chose."""
        draft = draft if isinstance(draft, Draft) else Draft.of(dict(draft))
        await self._calls.call(
            "POST",
            "/api/render/proxy/lambda",
            content=export_body(render_id, session_id, draft),
            headers={"Content-Type": "application/json"},
        )

    async def render_status(self, render_id: str) -> RenderAnswer:
        """How far a render is; raises `NotFound` where no such render was accepted."""
        path = f"/api/render/proxy/lambda/{_segment(render_id)}"
        answer, _ = await self._calls.call("GET", path)
        return RenderAnswer.read(answer)

    async def cancel_render(self, render_id: str) -> bool:
        """Ask the service to stop a render; False where it cannot (404, 405) [W].

        Best effort: it is asked once, and repeats nothing. Raises any other `ServiceError`.
        """
        path = f"/api/render/proxy/lambda/{_segment(render_id)}/cancel"
        try:
            await self._calls.call("POST", path, repeat=False)
        except Refused as error:
            if error.status in (404, 405):
                return False
            raise
        return True

    async def claim_link(self, session_id: str, task_id: str | None) -> str:
        """The link with which a person takes the session over; it is a secret."""
        body = {"task_id": task_id, "session_id": session_id}
        answer, _ = await self._post_json("/api/auth/claim-token", body)
        claim = ClaimAnswer.read(answer)
        return f"{self.web_url}/workspace/claim?ct={quote(claim.claim_token, safe='')}"

    async def download(
        self, render_id: str, part: Path, *, progress: Progress | None = None
    ) -> None:
        """Fetch a finished render's video into the file `part`, going on where it was left.

        Its URL is asked for anew each time, since it expires, and once more where it has expired
        all the same. It may point anywhere, so it gets neither token nor attribution headers. The
        service's own download is the fallback.
        """
        for _ in range(2):
            render = await self.render_status(render_id)
            if render.url is None:
                break
            try:
                await self._fetch(_joined(self.base_url + "/", render.url), part, progress)
                return
            except RateLimited:
                raise
            except Refused:
                continue  # it has expired
            except (BadAnswer, Unreachable, VideoInvalid):
                break  # no address that can be used, or a page instead of the video

        async def fall_back(token: str) -> None:
            url = f"{self.base_url}/api/render/proxy/{_segment(render_id)}/download"
            try:
                await self._fetch(url, part, progress, token=token)
            except Refused as error:
                if error.status == 401:
                    raise TokenInvalid(error.sentence, status=401) from None
                raise

        await self._calls.repeating(fall_back)

    async def _fetch(
        self, url: str, part: Path, progress: Progress | None, *, token: str | None = None
    ) -> None:
        """Fetch from `url`, and from where it sends us; a token stays on the API's own origin."""
        for _ in range(_MOST_REDIRECTS + 1):
            if token is not None and origin_of(url) == origin_of(self.base_url):
                client = self._clients.get("api", self.base_url)
                headers = self._calls.authorized(token)
            else:
                client, headers, token = self._download_client(url), {}, None
            moved = await download_file(client, url, part, headers=headers, progress=progress)
            if moved is None:
                return
            url = _joined(url, moved)
        raise BadAnswer("The address of the video leads from one redirect to the next")

    def _download_client(self, url: str) -> httpx.AsyncClient:
        """The client for hosts that get no token, once `url` is known to be https, or loopback."""
        try:
            checked_url(
                _origin(url), "The address of the video", allow_http=self.settings.allow_http
            )
        except BadInput as error:
            raise BadAnswer(error.sentence) from None
        return self._clients.get("downloads", url)

    async def _post_json(
        self, path: str, body: Mapping[str, object], *, is_upload: bool = False
    ) -> tuple[dict[str, Any], str]:
        return await self._calls.call(
            "POST",
            path,
            content=json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
            is_upload=is_upload,
        )


def _upload_path(session_id: str) -> str:
    return f"/api/upload-video/{AGENT}/me/{_segment(session_id)}"


def _segment(text: str) -> str:
    """A name from the service, as one segment of a path."""
    if text in ("", ".", ".."):
        raise BadInput(f"{text!r} cannot be the name of a session or a render")
    return quote(well_formed(text), safe="")


def _joined(base: str, url: str) -> str:
    """Where `url`, as the service gave it, leads from `base`."""
    base, url = Secret(base), Secret(url)
    try:
        return Secret(urljoin(base, url))
    except ValueError:
        raise BadAnswer("The service gave an address for the video that is not a URL") from None


def _origin(url: str) -> str:
    """What of a URL may be shown; unlike `origin_of` it takes any."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()
