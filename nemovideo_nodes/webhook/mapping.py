"""From a verified payload to what a run is started with: fields, digest, instruction. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from jmespath.exceptions import JMESPathError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.model import MAX_TEXT
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.webhook.config import LANGUAGE, Source
from nemovideo_nodes.webhook.earlier import (
    EARLIER_FIELDS,
    EARLIER_SUBJECTS,
    earlier_images,
    earlier_words,
)
from nemovideo_nodes.webhook.expressions import Expression, epoch_seconds
from nemovideo_nodes.webhook.mapped import (
    Ignored,
    Mapped,
    NotMapped,
    OfNoKind,
    Withdrawn,
    listed,
)
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.pictures import Pictures
from nemovideo_nodes.webhook.post import PostMapping, PostNotMapped
from nemovideo_nodes.webhook.quoting import as_digested, guarded, mark
from nemovideo_nodes.webhook.systems import INSTRUCTION
from nemovideo_nodes.webhook.text import one_line, plain_text, plain_value

__all__ = ["Mapper", "digest_of"]

_OLD_S: Final = 86_400.0
"""How long before its update a thing was published that is old at first sight."""
_MOST_TITLE: Final = 100
"""Characters, which every platform that has titles takes."""


class Mapper:
    """A source's mapping, compiled; raises `BadInput` for one that cannot work."""

    def __init__(self, source: Source) -> None:
        self._source = source
        system = source.known
        self._when = self._compiled("when", source.expression("when") or "`true`")
        self._withdrawn = self._compiled("withdrawn", source.expression("withdrawn") or "`false`")
        self._subject = self._compiled("subject", source.expression("subject"))
        self._version = self._compiled("version", source.expression("version") or "`null`")
        own = source.withdrawn is not None or source.version is not None
        ended = system.withdrawn_version if not own else ""
        self._ended = self._compiled("version", ended) if ended else self._version
        self._published = self._compiled("published", system.published or "`null`")
        self._images = self._compiled("images", source.expression("images") or "`[]`")
        self._passes = [
            (self._compiled("when", one.when), one)
            for one in system.passes
            if source.when is None  # whoever says when decides all of it
        ]
        fields = {
            name: self._compiled(f"fields.{name}", text) for name, text in source.all_fields.items()
        }
        text = source.instruction if source.instruction is not None else INSTRUCTION
        # No HTML: words for an agent. `mark` is what `guarded` knows the payload's words by.
        environment = SandboxedEnvironment(autoescape=False, finalize=mark)
        try:
            self._template = environment.from_string(text)
            used = meta.find_undeclared_variables(environment.parse(text))
        except TemplateError as error:
            raise BadInput(f"The instruction of source {source.name} is wrong: {error}") from None
        unknown = used - fields.keys() if source.instruction is not None else set()
        if unknown:
            raise BadInput(
                f"The instruction of source {source.name} uses fields that it does not have: "
                f"{', '.join(sorted(unknown))}"
            )
        matters = source.matters
        self._matters = frozenset(used | {"language"} if matters is None else matters)
        if matters is not None and (strange := self._matters - fields.keys() - {"images"}):
            raise BadInput(
                f"In source {source.name}, matters names what is not a field: {', '.join(strange)}"
            )
        self._post = PostMapping(source.name, source.platforms, source.post, fields)
        needed = used | self._matters | self._post.fields | {"title", "language"}
        self._fields = {name: one for name, one in fields.items() if name in needed}
        self._earlier_subject = self._subject
        if source.subject is None and (known := EARLIER_SUBJECTS.get(source.system)):
            self._earlier_subject = self._compiled("subject", known)
        self._earlier_fields = {
            name: self._compiled(f"fields.{name}", EARLIER_FIELDS[source.system, name])
            for name in self._matters & fields.keys()
            if (source.system, name) in EARLIER_FIELDS and name not in source.fields
        }
        self._images_system = source.system if source.images is None else ""
        self._pictures = Pictures(source.name, source.hosts, source.base_url, source.max_images)
        self._needs_pictures = bool(system.images) and not source.without_pictures

    @property
    def has_other_subjects(self) -> bool:
        """Whether release 0.1 called things by other subjects."""
        return self._earlier_subject is not self._subject

    def parts(self, payload: object) -> list[dict[str, Any]]:
        """The payloads of which this is made up where it is about several things, else none."""
        each = self._source.known.each
        things = payload.get(each) if each and isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(things, list) or len(things) < 2:
            return []
        # What else is in it in bulk would be written down as often as there are things.
        rest = {k: v for k, v in payload.items() if not isinstance(v, list | dict)}
        return [{**rest, each: [one]} for one in things]

    def check(self, payload: object, headers: Mapping[str, str]) -> None:
        """Raise `Withdrawn` or `Ignored` for what a resolver need not be asked about."""
        self._check(_seen(payload, headers))

    def check_when(self, payload: object, headers: Mapping[str, str]) -> None:
        """Raise `Ignored` where `when` does not hold of the payload as it is."""
        self._check_when(_seen(payload, headers))

    def subject(self, payload: object, headers: Mapping[str, str]) -> str:
        """What the payload is about; empty where it does not say."""
        return plain_text(self._subject.search(_seen(payload, headers)))[:200]

    def version(self, payload: object, headers: Mapping[str, str]) -> float | None:
        """When the thing changed, as far as the payload alone says."""
        return epoch_seconds(self._version.search(_seen(payload, headers)))

    def map(self, payload: object, headers: Mapping[str, str]) -> Mapped:
        """What the payload asks for; raises `Withdrawn`, `Ignored` and `NotMapped`."""
        seen = _seen(payload, headers)
        self._check(seen)
        self._check_when(seen)
        subject = self._about(seen)
        pictures = self._images.search(seen)
        images, left_out = self._pictures.usable(pictures)
        if not images and (self._needs_pictures or left_out):
            reasons = f": {listed(left_out)}" if left_out else ""
            raise Ignored(f"no picture in it{reasons}")
        found = {name: one.search(seen) for name, one in self._fields.items()}
        fields = self._values(found)
        prompt = guarded(self._template.render(fields))
        title = _text(fields, "title")
        language = _text(fields, "language") or self._source.language
        if not images and not prompt.strip():
            raise NotMapped("there is neither a picture nor an instruction in it")
        matters: dict[str, Any] = {
            name: _digested(value) for name, value in fields.items() if name in self._matters
        }
        if self._source.matters is None or "images" in self._matters:
            matters["images"] = images
        try:
            texts = self._post.texts(fields, language)
        except PostNotMapped as error:
            raise NotMapped(f"its text cannot go out: {error}") from None
        digest = digest_of(matters)
        run_id = self._run_id(subject, digest)
        version = epoch_seconds(self._version.search(seen))
        earlier_run_id, overlooks = self._earlier_run_id(seen, subject, found, pictures, matters)
        return Mapped(
            subject=subject,
            version=version,
            digest=digest,
            title=title,
            left_out=tuple(left_out),
            is_old=self._is_old(seen, version),
            earlier_run_id=earlier_run_id,
            earlier_overlooks=overlooks,
            parameters=Parameters(
                run_id=run_id,
                images=tuple(images),
                prompt=one_line(prompt)[:MAX_TEXT],
                profile=self._source.profile,
                language=language if LANGUAGE.fullmatch(language) else "",
                media_hosts=self._source.hosts,
                notify=Notify(
                    channels=self._source.notify, source=self._source.name, subject=subject
                ),
                platforms=self._post.platforms,
                texts=texts or self._titled(title),
                approval=self._source.approval,
                handover=self._source.handover,
                synthetic_media=self._source.synthetic_media,
                budget_per_day=self._source.budget_per_day,
                source=self._source.name if self._source.budget_per_day is not None else "",
            ),
        )

    def _titled(self, title: str) -> dict[str, PostText]:
        """What a publisher is told where the source has no texts of its own."""
        if not self._source.handover or not title:
            return {}
        text = PostText(title=title[:_MOST_TITLE])
        return dict.fromkeys(self._post.platforms or ("",), text)

    def _check(self, seen: dict[str, Any]) -> None:
        if self._withdrawn.search(seen):
            subject = self._about(seen)
            raise Withdrawn(
                "it was unpublished or deleted", subject, epoch_seconds(self._ended.search(seen))
            )
        for expression, one in self._passes:
            if expression.search(seen):
                ignored = Ignored(one.why)
                if one.takes_back:
                    ignored.subject = plain_text(self._subject.search(seen))[:200]
                raise ignored

    def _check_when(self, seen: dict[str, Any]) -> None:
        if not self._when.search(seen):
            raise OfNoKind("it is of a kind that makes no video")

    def _about(self, seen: dict[str, Any]) -> str:
        subject = plain_text(self._subject.search(seen))[:200]
        if not subject:
            raise NotMapped("it does not say what it is about: its subject is empty")
        return subject

    def _run_id(self, subject: str, digest: str) -> str:
        return f"{self._source.name}-{digest_of([self._source.name, subject, digest])[:20]}"

    def _earlier_run_id(
        self,
        seen: dict[str, Any],
        subject: str,
        found: Mapping[str, Any],
        pictures: Any,
        matters: Mapping[str, Any],
    ) -> tuple[str, bool]:
        """The id that 0.1 gave to this run, and whether it overlooked something that matters;
        empty where the id is the same.
        """
        then: dict[str, Any] = {
            name: earlier_words(
                self._earlier_fields[name].search(seen)
                if name in self._earlier_fields
                else found.get(name)
            )
            for name in matters
            if name != "images"
        }
        if "images" in matters:
            source = self._source
            then["images"] = earlier_images(
                self._images_system, seen, pictures, source.base_url, source.max_images
            )
        about = subject
        if self._earlier_subject is not self._subject:
            about = plain_text(self._earlier_subject.search(seen))[:200]
        if about == subject and then == matters:
            return "", False
        overlooks = any(
            set(value) - set(then[name]) if name == "images" else value and not then[name]
            for name, value in matters.items()
        )
        return self._run_id(about, digest_of(then)), overlooks

    def _values(self, found: Mapping[str, Any]) -> dict[str, Any]:
        own = found.get("language")
        languages = [one for one in (own, self._source.language) if one and isinstance(one, str)]
        return {name: plain_value(value, languages) for name, value in found.items()}

    def _is_old(self, seen: dict[str, Any], version: float | None) -> bool:
        published = epoch_seconds(self._published.search(seen))
        return published is not None and version is not None and version - published > _OLD_S

    def _compiled(self, what: str, text: str) -> Expression:
        try:
            return Expression(text)
        except JMESPathError as error:
            reason = str(error).splitlines()[0]
            raise BadInput(
                f"{what} of source {self._source.name} is not a JMESPath expression: {reason}"
            ) from None


def digest_of(value: object) -> str:
    """SHA-256 of plain data, in hex."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A field that is plain text already; made plain once more, it would lose `&lt;b&gt;`."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _seen(payload: object, headers: Mapping[str, str]) -> dict[str, Any]:
    # Sanity's projection of what is deleted finds nothing: the headers say all.
    if payload is None and "sanity-operation" in headers:
        payload = {}
    if not isinstance(payload, dict):
        raise NotMapped("the body is not a JSON object")
    known = dict(headers)
    for name, value in headers.items():
        if name.startswith("shopify-"):  # as Shopify writes them now
            known.setdefault(f"x-{name}", value)
    return {**payload, "_headers": known}


def _digested(value: str | list[str]) -> str | list[str]:
    return as_digested(value) if isinstance(value, str) else [as_digested(one) for one in value]
