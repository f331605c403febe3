"""An instruction to its actions: the first table of the contract's section 7, both languages.

An instruction is read in pieces: its clauses. A piece is a command when every word of it belongs
to the command's vocabulary and one of them triggers it; so "download it now, please" is an export
and "download speeds" is not. Every other piece is a request for the video, and goes as a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nemovideo_nodes.language.courtesy import asks_nothing, is_aside
from nemovideo_nodes.language.folding import folded
from nemovideo_nodes.language.questions import QUESTIONS
from nemovideo_nodes.language.vocabulary import (
    COMMANDS,
    COMPOUNDS,
    IMPERATIVE,
    JOINER,
    LIST_MARK,
    NEGATIONS,
    OPENER,
    POLITE,
    REMINDERS,
    SENTENCE_END,
    WEAK_JOINER,
    Command,
    Words,
)

__all__ = ["Action", "route"]

_LONGEST_COMMAND = 160
_ADDED = re.compile(
    r"(?!.*\b(?:please|more|less|\w+er)\b)"
    rf"(?:[\w'-]+|(?!{IMPERATIVE.pattern})[\w'-]+(?: [\w'-]+){{1,2}})",
    re.ASCII,
)
"""A few words that go on with a question, and ask for nothing themselves."""
_NUMBER = re.compile(r"\d+(?:[:.]\d+)?", re.ASCII)


class Action(StrEnum):
    """Where an instruction goes."""

    EXPORT = "export"
    CREDITS = "credits"
    STATE = "state"
    UPLOAD = "upload"
    MESSAGE = "message"
    NOTHING = "nothing"
    """It only thanks or agrees: nothing has to be done for it."""


@dataclass(frozen=True)
class _Piece:
    """A clause: its words, how it is joined to the one before, and what comes before it."""

    text: str
    weak: bool
    """Whether only a comma or "and" joins it to the piece before it."""
    first: bool
    """Whether it begins a sentence."""
    quoting: bool
    """Whether words before it in its sentence introduce content: "that says", 写着."""
    content: bool = False
    """Whether it is certainly content: what follows a colon."""
    adds: bool = False
    """Whether a bare "and" or "or" joins it: "is it black and white"."""


@dataclass(frozen=True)
class _Reading:
    """What a piece is: a command, a request, both (an export with requests), or neither."""

    command: Command | None = None
    bare: bool = False
    request: bool = False


_REQUEST, _ASIDE = _Reading(request=True), _Reading()


def route(instruction: str, *, has_files: bool = False, begins: bool = False) -> tuple[Action, ...]:
    """The actions that an instruction takes, in their order, each once; never empty.

    Files are uploaded first, and an export comes last: it shows what the messages made. The
    others keep their order. Text in quotes is never treated as a command. A refusal ("don't export
    yet") cancels its own command; an instruction that is nothing else is a message, and so is an
    empty one without files. What only thanks or agrees is `NOTHING`; of an instruction that
    `begins` a video it is the subject.
    """
    if not begins and asks_nothing(instruction):
        return (Action.UPLOAD,) if has_files else (Action.NOTHING,)
    pieces = list(_pieces(_folded(instruction)))
    readings = _settled(pieces, [_read(piece) for piece in pieces])
    actions = [action for reading in readings for action in _actions(reading)]
    if not actions and not (has_files and not instruction.strip()):
        actions = [Action.MESSAGE]
    if has_files:
        actions.append(Action.UPLOAD)
    rank = {Action.UPLOAD: 0, Action.EXPORT: 2}
    return tuple(sorted(dict.fromkeys(actions), key=lambda action: rank.get(action, 1)))


def _actions(reading: _Reading) -> Iterator[Action]:
    if reading.request:
        yield Action.MESSAGE
    if reading.command:
        yield Action(reading.command.name)


def _folded(instruction: str) -> str:
    """As the tables read it, without list marks, reminders and joined commands."""
    return LIST_MARK.sub("", COMPOUNDS.sub(" \ufffe ", REMINDERS.sub(" ", folded(instruction))))


def _pieces(text: str) -> Iterator[_Piece]:
    for sentence in SENTENCE_END.split(text):
        yield from _clauses(sentence)


def _clauses(sentence: str) -> Iterator[_Piece]:
    """The pieces of one sentence.

    What follows a colon is content, unless only polite words come before it ("next: export").
    """
    colon = re.search(r"(?<!\d)[:：]|[:：](?!\d)", sentence)
    if colon and POLITE.cover(sentence[: colon.start()]):
        sentence, colon = sentence[colon.end() :], None
    limit = colon.start() if colon else len(sentence)
    opener = OPENER.search(sentence)
    start, weak, first, adds = 0, False, True, False
    for joiner in [*JOINER.finditer(sentence, 0, limit), None]:
        end = joiner.start() if joiner else len(sentence)
        text = sentence[start:end].strip()
        if text:
            quoting = opener is not None and opener.end() <= start
            content = bool(colon and not joiner)
            yield _Piece(text, weak and not first, first, quoting, content, adds and not first)
            first, weak = False, False
        if joiner:
            # ", and then" matches as two joiners, and is one strong one.
            is_weak = bool(WEAK_JOINER.fullmatch(joiner[0].strip()))
            weak = is_weak if text else weak and is_weak
            adds = joiner[0].strip() in ("and", "or", "&")
            start = joiner.end()


def _read(piece: _Piece) -> _Reading:
    text = piece.text
    if piece.content or len(text) > _LONGEST_COMMAND:
        return _REQUEST
    for command in COMMANDS:
        if command.is_certain(text) or (command.asks(text) and command.words.cover(text)):
            return _Reading(command, bare=not command.is_plain(text))
    for question in QUESTIONS:
        covered = question.asks(text) and question.words.cover(_NUMBER.sub(" ", text))
        if covered or question.is_certain(text):
            return _Reading(question)
    for command in COMMANDS:
        if command.with_request is not None and command.with_request.search(text):
            return _Reading(command, request=True)
        if command.asks(text) and _refuses(text, command.words):
            return _ASIDE
    return _ASIDE if is_aside(text) or POLITE.cover(NEGATIONS.sub(" ", text)) else _REQUEST


def _refuses(text: str, words: Words) -> bool:
    without = NEGATIONS.sub(" ", text)
    return without != text and words.cover(without)


def _follows_request(pieces: Sequence[_Piece], readings: Sequence[_Reading], at: int) -> bool:
    """Whether an earlier piece of the same sentence is a request."""
    while at > 0 and not pieces[at].first:
        at -= 1
        if readings[at].request:
            return True
    return False


def _settled(pieces: Sequence[_Piece], readings: Sequence[_Reading]) -> list[_Reading]:
    """The readings after each piece has been compared with its neighbours.

    "Show tracks and a train" is not a command: the second noun belongs to it. Neither is "like,
    share and download" in a sentence that introduces content, nor "credits" in a list of requests.
    """
    settled = list(readings)
    for at, reading in enumerate(readings):
        command = reading.command
        if command is None or reading.request:
            continue
        if command.only_asks and _follows_request(pieces, readings, at):
            settled[at] = _REQUEST  # "make a video, where the title is long"
            continue
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        if after is None or after.first or readings[at + 1] is not _REQUEST:
            continue
        belongs = after.weak and not IMPERATIVE.match(after.text)
        if command.only_asks and after.adds and _ADDED.fullmatch(after.text):
            settled[at + 1] = _ASIDE  # "is the video black and white?"
            continue
        if command.words.cover(after.text) and not (
            command.only_asks and IMPERATIVE.match(after.text)
        ):
            settled[at + 1] = _ASIDE
        elif belongs and (reading.bare or not command.is_verb):
            settled[at] = _REQUEST
    has_request = any(reading.request for reading in settled)
    for at, reading in enumerate(settled):
        command = reading.command
        if command and reading.bare and pieces[at].weak and has_request:
            is_content = pieces[at].quoting if command.is_verb else True
            settled[at] = _REQUEST if is_content else reading
    return settled
