"""The words that may never leave the process: tokens, signed URLs, control characters. Pure."""

from __future__ import annotations

import re

__all__ = ["REDACTED", "Secret", "redact", "well_formed"]

REDACTED = "[redacted]"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_SECRETS = (
    # The vendor's tokens, by their documented prefixes: nmv_usr_..., clm_...
    re.compile(r"(?:nmv_|(?<![A-Za-z])clm_)[A-Za-z0-9._~+/=%-]+"),
    re.compile(r"(?i)\bbearer(?:\s|[:=]|%20)+(?P<value>[A-Za-z0-9._~+/=%-]{6,})"),
    re.compile(
        r"(?i)\bauthorization\\*[\"']?\s*[=:]\s*+\\*+[\"']?+(?!bearer\b)"
        r"(?P<value>[^\"'\\,;}\r\n]+)"
    ),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    # What stands behind a name that says that it is a secret: token="...", {"apiKey": "..."}.
    re.compile(
        r"(?i)(?:token|secret|passw(?:or)?d|(?:api|access|private)[_-]?key|signature|credential|cookie)"
        r"(?:s|[_-]\w{1,20})?\\*[\"']?\s*(?:=|:|%3D)\s*"
        r"(?:\\*\"(?P<double>[^\"\\\r\n]+)|\\*'(?P<single>[^'\\\r\n]+)|(?P<value>[^\s\"'\\&,;}]{4,}))"
    ),
)
# The query and the user part of a URL: a signed download URL is a secret. Bounded and without
# overlaps, so that a long hostile text costs no more than its length.
_URL = re.compile(
    r"(?i)\b(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)(?P<user>[^/?#\s\"'<>]*@)?"
    r"(?P<rest>[^\s?#\"'<>]*)(?P<query>[?#][^\s\"'<>]*)?"
)
# The query of a path alone, or of a URL whose slashes are escaped.
_QUERY = re.compile(r"(?<=[^\s?])(?P<query>\?[\w.%~-]{1,64}=[^\s\"'<>]*)")
_BIND = re.compile(r"\?bind=(?!\S*(?:nmv_|clm_))[\w.%~-]{1,64}?(?=[.,;:)]*$)")
"""The registration link is made for people; its id opens nothing."""


class Secret(str):
    """A token or a signed URL: used like any text, but a list of a frame's locals hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)


def redact(text: str, *secrets: str) -> str:
    """`text` without tokens, signed URLs' queries and the given `secrets`; valid Unicode.

    Nor has it control characters but tab and line feed: the service's words end on terminals,
    which obey them.
    """
    text = _CONTROL.sub("", well_formed(text))
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    text = _QUERY.sub(_without_query, _URL.sub(_without_query, text))
    for pattern in _SECRETS:
        text = pattern.sub(_without_value, text)
    return text


def well_formed(text: str) -> str:
    """`text` with its surrogate pairs joined and lone surrogates replaced: fit for any file.

    JSON may hold halves of an emoji, apart or alone; no file or terminal takes them.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_query(found: re.Match[str]) -> str:
    parts, query = found.groupdict(), found["query"] or ""
    if query and not _BIND.match(query):
        query = f"{query[0]}{REDACTED}"
    return str(parts.get("scheme", "")) + str(parts.get("rest", "")) + query


def _without_value(found: re.Match[str]) -> str:
    value = next(filter(None, found.groupdict().values()), found[0])
    return found[0] if value == REDACTED else found[0][: -len(value)] + REDACTED
