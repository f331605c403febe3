"""What would come of a payload: no signature is needed, nothing is written and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.mapped import Ignored, NotMapped, OfNoKind, Withdrawn
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.resolvers import NotYet, resolver_of

__all__ = ["Preview", "preview"]

_HEADER: Final = re.compile(r'_headers\."([^"]+)"')


@dataclass(frozen=True)
class Preview:
    """What a delivery would come to, as `nemovideo webhook try --json` prints it."""

    decision: Literal["start", "ignored", "withdrawn", "refused"]
    reason: str = ""
    subject: str = ""
    version: float | None = None
    """Seconds of the epoch, where the payload says when the thing changed."""
    run_id: str | None = None
    images: list[str] = field(default_factory=list)
    title: str = ""
    prompt: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def preview(
    config: Config,
    source: Source,
    payload: object,
    headers: Mapping[str, str],
    *,
    resolve: bool = False,
) -> Preview:
    """What the source's mapping makes of a payload; raises `BadInput` for a wrong mapping.

    With `resolve` the system's own API is asked for what the payload does not hold.
    """
    mapper = Mapper(source)
    named = {name.lower(): value for name, value in headers.items()}
    parts = mapper.parts(payload)
    several = f"it is about {len(parts)} things, and this is the first" if parts else ""
    payload = parts[0] if parts else payload
    try:
        return await _mapped(config, source, mapper, payload, named, several, resolve=resolve)
    except Withdrawn as error:
        return Preview("withdrawn", str(error), error.subject, error.version)
    except Ignored as error:
        missing = _missing_header(source, named) if isinstance(error, OfNoKind) else ""
        hint = f"the header {missing} is not given, which {source.system} sends" if missing else ""
        return Preview("ignored", _sentence(str(error), hint), *_about(mapper, payload, named))
    except NotMapped as error:
        return Preview("refused", str(error), *_about(mapper, payload, named))
    except NotYet as error:
        return Preview("refused", f"{error} (now)", *_about(mapper, payload, named))


async def _mapped(
    config: Config,
    source: Source,
    mapper: Mapper,
    payload: object,
    headers: Mapping[str, str],
    several: str,
    *,
    resolve: bool,
) -> Preview:
    mapper.check(payload, headers)
    resolver = resolver_of(config, source, only_local=not resolve)
    if resolver is None and source.resolved_by:
        mapper.check_when(payload, headers)
        asked = (
            f"its words and pictures are read from {source.system} when it is started: "
            "--resolve reads them now"
        )
        return Preview(
            "start",
            _sentence(asked, several),
            mapper.subject(payload, headers),
            mapper.version(payload, headers),
        )
    if resolver is not None and isinstance(payload, dict):
        payload = await resolver(payload, headers)
    found = mapper.map(payload, headers)
    baseline = source.baseline or (source.baseline is None and found.is_old)
    first = "if it was never seen before, it is only recorded (baseline)" if baseline else ""
    return Preview(
        "start",
        _sentence(found.note, several, first),
        found.subject,
        found.version,
        found.parameters.run_id,
        list(found.parameters.images),
        found.title,
        found.parameters.prompt,
        found.parameters.sent(),
    )


def _missing_header(source: Source, headers: Mapping[str, str]) -> str:
    """The header without which a payload of this system cannot be judged, where it is missing."""
    for name in _HEADER.findall(source.expression("when")):
        if name not in headers and name.removeprefix("x-") not in headers:
            return str(name)
    return ""


def _about(mapper: Mapper, payload: object, headers: Mapping[str, str]) -> tuple[str, float | None]:
    """The subject and the version, as far as the payload says."""
    try:
        return mapper.subject(payload, headers), mapper.version(payload, headers)
    except NotMapped:
        return "", None


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
