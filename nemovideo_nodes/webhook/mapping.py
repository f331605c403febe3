"""From a verified payload to what a run is started with: fields, digest, instruction. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import jmespath
from jinja2 import TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict
from ssrfguard import Policy, SSRFGuardError

from nemovideo_nodes.errors import BadInput, well_formed
from nemovideo_nodes.request.model import MAX_TEXT
from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.systems import INSTRUCTION

__all__ = ["Ignored", "Mapped", "Mapper", "NotMapped", "Parameters", "digest_of"]

_MAX_FIELD: Final = 1_000
"""Characters of a field that an instruction uses."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")


class NotMapped(Exception):
    """The payload cannot become a video; the text says why."""


class Ignored(NotMapped):
    """The payload is of a kind that is not meant to become one."""


class Parameters(BaseModel):
    """What a run is started with, the same for every target; no secret is among it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    images: tuple[str, ...]
    prompt: str
    profile: str
    language: str = ""
    media_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapped:
    """What a delivery asks for."""

    subject: str
    version: float | None
    """Seconds of the epoch at which the thing changed, where the payload says so."""
    digest: str
    """Of the fields that matter: equal where the video would be the same."""
    parameters: Parameters


class Mapper:
    """A source's mapping, compiled; raises `BadInput` for one that cannot work."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._when = self._compiled("when", source.expression("when") or "`true`")
        self._subject = self._compiled("subject", source.expression("subject"))
        self._version = self._compiled("version", source.expression("version") or "`null`")
        self._images = self._compiled("images", source.expression("images") or "`[]`")
        self._fields = {
            name: self._compiled(f"fields.{name}", text) for name, text in source.all_fields.items()
        }
        text = source.instruction if source.instruction is not None else INSTRUCTION
        environment = SandboxedEnvironment(autoescape=False)  # no HTML: words for an agent
        try:
            self._template = environment.from_string(text)
            used = meta.find_undeclared_variables(environment.parse(text))
        except TemplateError as error:
            raise BadInput(f"The instruction of source {source.name} is wrong: {error}") from None
        unknown = used - self._fields.keys() if source.instruction is not None else set()
        if unknown:
            raise BadInput(
                f"The instruction of source {source.name} uses fields that it does not have: "
                f"{', '.join(sorted(unknown))}"
            )
        matters = source.matters
        self._matters = frozenset(used | {"language"} if matters is None else matters)
        if matters is not None and (strange := self._matters - self._fields.keys() - {"images"}):
            raise BadInput(
                f"In source {source.name}, matters names what is no field: {', '.join(strange)}"
            )
        try:
            self._hosts = Policy(allowed_hosts=frozenset(source.hosts))
        except ValueError as error:
            raise BadInput(f"The media_hosts of source {source.name} are wrong: {error}") from None

    def parts(self, payload: object) -> list[dict[str, Any]]:
        """The payloads of which this is made up where it is about several things, else none."""
        each = self._source.known.each
        things = payload.get(each) if each and isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(things, list) or len(things) < 2:
            return []
        # What else is in it in bulk would be written down as often as there are things.
        rest = {k: v for k, v in payload.items() if not isinstance(v, list | dict)}
        return [{**rest, each: [one]} for one in things]

    def map(self, payload: object, headers: Mapping[str, str]) -> Mapped:
        """What the payload asks for; raises `Ignored` and `NotMapped`."""
        if not isinstance(payload, dict):
            raise NotMapped("the body is no JSON object")
        seen = {**payload, "_headers": dict(headers)}
        if not _search(self._when, seen):
            raise Ignored("it is of a kind that makes no video")
        subject = _text(_search(self._subject, seen))[:200]
        if not subject:
            raise NotMapped("it does not say what it is about: its subject is empty")
        images = self._found_images(seen)
        fields = {name: _value(_search(one, seen)) for name, one in self._fields.items()}
        prompt = self._template.render(fields)
        language = _text(fields.get("language")) or self._source.language
        if not images and not prompt.strip():
            raise NotMapped("there is neither a picture nor an instruction in it")
        matters: dict[str, Any] = {k: v for k, v in fields.items() if k in self._matters}
        if self._source.matters is None or "images" in self._matters:
            matters["images"] = images
        digest = digest_of(matters)
        name = digest_of([self._source.name, subject, digest])[:20]
        return Mapped(
            subject=subject,
            version=_seconds(_search(self._version, seen)),
            digest=digest,
            parameters=Parameters(
                run_id=f"{self._source.name}-{name}",
                images=tuple(images),
                prompt=" ".join(prompt.split())[:MAX_TEXT],
                profile=self._source.profile,
                language=language if _LANGUAGE.fullmatch(language) else "",
                media_hosts=self._source.hosts,
            ),
        )

    def _compiled(self, what: str, text: str) -> ParsedResult:
        try:
            return jmespath.compile(text)
        except JMESPathError as error:
            told = str(error).splitlines()[0]
            raise BadInput(
                f"{what} of source {self._source.name} is no JMESPath expression: {told}"
            ) from None

    def _found_images(self, seen: dict[str, Any]) -> list[str]:
        found = _search(self._images, seen)
        listed = found if isinstance(found, list) else [found]
        urls = dict.fromkeys(
            self._checked_url(one) for one in listed if isinstance(one, str) and one.strip()
        )
        return list(urls)[: self._source.max_images]

    def _checked_url(self, text: str) -> str:
        """An absolute URL from an allowed host; whether its address may be asked, the run sees."""
        url = f"https:{text}" if text.startswith("//") else text.strip()
        if self._source.base_url and "://" not in url:
            url = urljoin(self._source.base_url, url)
        try:
            host = urlsplit(url).hostname
            if not url.lower().startswith(("https://", "http://")) or not host:
                raise NotMapped(f"a picture is no https URL: {_CONTROL.sub(' ', url)[:100]!r}")
            self._hosts.check_host(host)
        except ValueError:
            raise NotMapped("a picture's URL is malformed") from None
        except SSRFGuardError as error:
            raise NotMapped(f"a picture is not at an allowed host: {error}") from None
        return url


def digest_of(value: object) -> str:
    """SHA-256 of plain data, in hex."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _search(expression: ParsedResult, seen: dict[str, Any]) -> Any:
    try:
        return expression.search(seen)
    except (JMESPathError, TypeError, ValueError, AttributeError):  # of another shape than meant
        return None


def _value(found: Any) -> Any:
    """A field as a template may use it: text, or a list of texts."""
    if isinstance(found, list):
        return [text for one in found[:50] if (text := _text(one))]
    return _text(found)


def _text(found: Any) -> str:
    """One line without markup; its quotes cannot end those that a template puts around it."""
    if isinstance(found, bool) or found is None or isinstance(found, dict | list):
        return ""
    if isinstance(found, float) and not math.isfinite(found):
        return ""
    text = well_formed(str(found))[: _MAX_FIELD * 20]
    text = Markup(text).striptags() if "<" in text else text
    text = " ".join(_CONTROL.sub(" ", text).split())
    text = re.sub(r'"([^"]*)"', r"“\1”", text).replace('"', "”")
    return text if len(text) <= _MAX_FIELD else f"{text[: _MAX_FIELD - 1]}…"


def _seconds(found: Any) -> float | None:
    """A time as seconds of the epoch: an ISO text, seconds, or milliseconds."""
    if isinstance(found, bool):
        return None
    if isinstance(found, int | float):
        seconds = float(found) if abs(found) < 1e18 else math.inf
        seconds = seconds / 1000 if seconds > 1e11 else seconds
        return seconds if 0 <= seconds < 1e11 else None
    if not isinstance(found, str):
        return None
    try:
        time = datetime.fromisoformat(found.strip())
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
