"""What a reply asks for: the second table of the contract's section 7, in both languages.

The backend believes that a person sits at its editor. Instructions to operate it are removed
and become actions; descriptions of content stay, letter by letter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nemovideo_nodes.language.guidance import (
    ANY_TRIGGER,
    BOUNDARY,
    BUTTONS,
    CONTENT_LABEL,
    CONTINUATION,
    HEADING,
    LEAD,
    PANEL_NOUN,
    POINTERS,
    PRELUDE,
    ROWS,
    BackendActionKind,
    Row,
)
from nemovideo_nodes.language.quotes import HIDDEN, hidden

__all__ = ["BackendAction", "BackendActionKind", "Translation", "translate"]

_LONGEST_CLAUSE = 400
_PASSES = 20

_PREFIX = re.compile(r"[ \t]*(?:(?:[-*+•–]|\d{1,3}[.)、]|#{1,6}|>|\[[ xX]\])(?:[ \t]+|(?<=、)))*")
_SENTENCE = re.compile(
    r"(?:[^.!?…。！？]|[.!?…](?![\s*_)）\"”]|$))*(?:[.!?…。！？]+[*_)）」』]*[ \t]*|$)", re.DOTALL
)
_END = re.compile(r"[.!?…。！？]+[*_)）」』]*[ \t]*$")
_PARENTHESIS = re.compile(r"[ \t]*(?:\((?P<en>[^()\n]{3,300})\)|（(?P<zh>[^（）\n]{3,300})）)")
_MARKS = re.compile(r"[*_~]")
_BRACKETED = re.compile(r"\[[^\[\]\n]{1,60}\](?!\()")
_JOINED = re.compile(r"^(?:(?:and|or|then|so|but)\b,?\s+|(?:或者|并且|然后)[，,]?)(?=\S)")
_FRAMES = " \t\"'“”‘’「」『』《》【】[]`*_"


@dataclass(frozen=True)
class BackendAction:
    """What the backend asks for; `words` are a button's or an edit's, else empty."""

    kind: BackendActionKind
    words: str = ""


@dataclass(frozen=True)
class Translation:
    """A reply as a person should see it, and what it asks for, in order, each once.

    EXECUTE and MESSAGE would send a message: they are shown, or sent within `follow_ups`. The
    others may run once each.
    """

    text: str
    actions: tuple[BackendAction, ...] = ()


@functools.lru_cache(maxsize=256)  # each reply of a run is asked for again and again
def translate(reply: str) -> Translation:
    """What `reply` says to a person, and what it asks of an editor's user.

    A text that asks for nothing comes back unchanged. Questions stay.
    """
    if not ANY_TRIGGER.search(reply):
        return Translation(reply)
    actions: list[BackendAction] = []
    text = reply
    for _ in range(_PASSES):  # what is left may begin with another instruction
        before, text = text, _pass(text, actions)
        if text == before:
            break
    return Translation(text, tuple(dict.fromkeys(actions)))


def _pass(text: str, actions: list[BackendAction]) -> str:
    """`text` without the instructions that can be seen now."""
    masked = _masked(text)
    lines: list[str | None] = []
    at = 0
    for line in text.split("\n"):
        lines.append(_line(line, masked[at : at + len(line)], actions))
        at += len(line) + 1
    if all(new == old for new, old in zip(lines, text.split("\n"), strict=True)):
        return text
    return _joined(lines)


def _masked(text: str) -> str:
    """As long as `text`: quotes and buttons in brackets hidden, emphasis as spaces."""
    seen = _BRACKETED.sub(lambda found: HIDDEN * len(found[0]), hidden(text))
    return _MARKS.sub(" ", seen.replace("’", "'"))


def _line(line: str, masked: str, actions: list[BackendAction]) -> str | None:
    """The line without its instructions; None where nothing of it is left."""
    prefix = _PREFIX.match(masked)
    start = prefix.end() if prefix else 0
    if not line[start:].strip() or CONTENT_LABEL.match(masked):
        return line
    line, masked = _without_parentheses(line, masked, actions)
    spans = list(_sentences(line, masked, start))
    kept = "".join(_sentence(line[a:b], masked[a:b], actions) for a, b in spans)
    if kept == line[start:]:
        return line
    if kept.count("**") % 2 and not line.count("**") % 2:  # half a pair went with an instruction
        kept = (
            kept.rstrip().removesuffix("**")
            if kept.rstrip().endswith("**")
            else kept.replace("**", "", 1)
        )
    return line[:start] + kept.rstrip() if kept.strip(" \t*_:：-–—") else None


def _without_parentheses(line: str, masked: str, actions: list[BackendAction]) -> tuple[str, str]:
    """Parentheses that hold instructions alone go as one; others stay whole."""
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _PARENTHESIS.finditer(masked):
        group = "en" if found["en"] is not None else "zh"
        a, b = found.span(group)
        asked: list[BackendAction] = []
        if _sentence(line[a:b], masked[a:b], asked).strip(" \t.。!！"):
            shield = re.sub(
                r"[.!?…。！？;；,，]", HIDDEN, masked[at : found.end()][found.start() - at :]
            )
            pieces.append((line[at : found.end()], masked[at : found.start()] + shield))
        else:
            actions += asked
            pieces.append((line[at : found.start()], masked[at : found.start()]))
        at = found.end()
    pieces.append((line[at:], masked[at:]))
    return "".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)


def _sentences(line: str, masked: str, start: int) -> Iterator[tuple[int, int]]:
    for found in _SENTENCE.finditer(masked, start):
        end = _before_marks(line, found.start(), found.end())
        if end > start:
            yield start, end
            start = end
    if start < len(line):
        yield start, len(line)


def _before_marks(text: str, start: int, end: int) -> int:
    """`end`, or where marks begin that open an emphasis after it: they belong to its words."""
    marks = re.search(r"(?<=\s)[*_~]+$", text[start:end])
    return start + marks.start() if marks and end < len(text) else end


@dataclass(frozen=True)
class _Clause:
    """A clause with the joiner before it, as the text has them and as they are read."""

    joiner: str
    text: str
    seen: str


def _sentence(text: str, masked: str, actions: list[BackendAction]) -> str:
    """The sentence without its instructions; empty where it is nothing else."""
    end = _END.search(masked)
    body = end.start() if end else len(text)
    closing, masked = text[body:], masked[:body]
    if closing.lstrip()[:1] in ("?", "？") or CONTENT_LABEL.match(masked):
        return text
    clauses = list(_clauses(text[:body], masked))
    gone = _instructions(clauses, actions)
    if not any(gone):
        return text
    kept = [clause for clause, is_gone in zip(clauses, gone, strict=True) if not is_gone]
    if not any(clause.seen.strip() for clause in kept):
        return ""
    left = "".join(clause.joiner + clause.text for clause in kept[1:])
    first = kept[0].text if gone[0] else kept[0].joiner + kept[0].text
    return (_capital(first) if gone[0] else first) + left + closing


def _clauses(text: str, masked: str) -> Iterator[_Clause]:
    start, joiner = 0, ""
    for found in BOUNDARY.finditer(masked):
        if found.start() == start == 0 and not found[0]:
            continue
        yield _Clause(joiner, text[start : found.start()], masked[start : found.start()])
        start = _before_marks(text, found.start(), found.end())
        joiner = text[found.start() : start]
    yield _Clause(joiner, text[start:], masked[start:])


def _instructions(clauses: Sequence[_Clause], actions: list[BackendAction]) -> list[bool]:
    """Which clauses of a sentence are removed; what they ask for is added to `actions`."""
    gone: list[bool] = []
    for clause in clauses:
        asked = _asked(clause) if len(clause.seen) <= _LONGEST_CLAUSE else None
        follows = bool(gone and gone[-1] and CONTINUATION.match(clause.seen.lstrip()))
        if asked is not None:
            actions.append(asked)
        gone.append(asked is not None or follows)
    for at in range(len(clauses) - 2, -1, -1):
        if gone[at + 1] and not gone[at]:
            seen = clauses[at].seen.strip()
            is_lead = bool(seen) and LEAD.fullmatch(seen) is not None
            gone[at] = not seen or is_lead or PRELUDE.match(seen) is not None
    return gone


def _asked(clause: _Clause) -> BackendAction | None:
    """What a clause asks for, or None where it is no instruction."""
    seen = clause.seen
    lead = LEAD.match(seen, len(seen) - len(seen.lstrip()))
    starts = [len(seen) - len(seen.lstrip())]
    if lead:
        starts.append(lead.end())
    for start in starts:
        for row in ROWS:
            found = row.pattern.match(seen, start)
            if found:
                return _action(row, found, clause)
    return None


def _action(row: Row, found: re.Match[str], clause: _Clause) -> BackendAction:
    if row.kind is BackendActionKind.MESSAGE:
        return BackendAction(row.kind, " ".join(clause.text[found.start() :].split()))
    if row.kind is not BackendActionKind.EXECUTE:
        return BackendAction(row.kind)
    groups = found.groupdict()
    group = next(name for name in ("button", "name") if groups.get(name))
    button = clause.text[slice(*found.span(group))].strip(_FRAMES)
    if button.lower() in POINTERS:
        button = clause.text[found.start(group) :].strip(_FRAMES)
    meaning = button + (" panel" if PANEL_NOUN.match(clause.seen, found.end(group)) else "")
    for pattern, kind in BUTTONS:
        if pattern.search(meaning):
            return BackendAction(kind)
    return BackendAction(BackendActionKind.EXECUTE, " ".join(button.split()))


def _capital(text: str) -> str:
    """`text` as the beginning of a sentence, without the joiner to what is gone."""
    text = _JOINED.sub("", text)
    word = re.match(r"[a-z]+\b", text)
    return text[0].upper() + text[1:] if word else text


def _joined(lines: Sequence[str | None]) -> str:
    """The lines that are left, without headings of nothing and without holes."""
    kept: list[str] = []
    hole = False
    for at, line in enumerate(lines):
        if line is None:
            hole = True
            continue
        if HEADING.search(line) and _is_emptied(lines[at + 1 :]):
            hole = True
            continue
        if hole and not line.strip() and (not kept or not kept[-1].strip()):
            continue
        kept.append(line)
        hole = hole and not line.strip()
    return "\n".join(kept).rstrip() if hole else "\n".join(kept)


def _is_emptied(after: Sequence[str | None]) -> bool:
    """Whether the list under a heading has lost all its lines."""
    lost = False
    for line in after:
        if line is None:
            lost = True
        elif line.strip():
            return lost and not _is_item(line)
        elif lost:
            return True
    return lost


def _is_item(line: str) -> bool:
    prefix = _PREFIX.match(line)
    return bool(prefix and prefix[0].strip())
