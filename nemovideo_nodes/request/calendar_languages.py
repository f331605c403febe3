"""In which languages a post is made, and whether each has words of its own. Pure.

Nothing is translated by machine: what a language lacks is a fault of the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Languages", "languages_of", "no_language"]

_NEEDS_WORDS: Final = ("prompt", "caption", "title", "alt_text")
"""Fields that each language must have words of its own for, where the post has them at all."""

_Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Languages:
    """The languages of a post; `faults` are field, language and what is wrong."""

    languages: tuple[str, ...]
    faults: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


def no_language(text: str) -> str:
    """What is wrong with a text that is no language's tag."""
    return f"{text[:40]!r} is not a language: write one like en or de"


def languages_of(listed: Sequence[str], words: _Words, plain: Mapping[str, str]) -> Languages:
    """The languages that are listed, or those that there are words in.

    `words` are a language's own by field and language, `plain` those that name no language: they
    are the first language's.
    """
    own = dict.fromkeys(tag for texts in words.values() for tag in texts)
    faults: list[tuple[str, str, str]] = []
    if not listed and own:
        listed = list(own)
        faults += _mixed(words, plain, own)
    notes = [f"there are words in {tag}, which languages does not list" for tag in own
             if tag not in listed]  # fmt: skip
    faults += _missing(listed, words, plain)
    return Languages(tuple(listed), tuple(faults), tuple(notes))


def _mixed(
    words: _Words, plain: Mapping[str, str], own: Mapping[str, None]
) -> list[tuple[str, str, str]]:
    """Words without a language beside words of one, and no list that says whose they are."""
    for name, texts in words.items():
        if texts and plain[name]:
            message = (
                f"there is a {name.replace('_', ' ')} without a language beside it: list the "
                f"languages of the post in the column languages, such as en, {', '.join(own)}"
            )
            return [(name, next(iter(texts)), message)]
    return []


def _missing(
    listed: Sequence[str], words: _Words, plain: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    faults = []
    for name in _NEEDS_WORDS:
        has = words[name]
        if not has and not plain[name] and (name != "prompt" or len(listed) < 2):
            continue
        missing = [tag for tag in listed if tag not in has]
        if plain[name] and missing[:1] == list(listed[:1]):
            missing = missing[1:]
        for tag in missing:
            message = (
                f"{tag} has no {name.replace('_', ' ')} of its own: fill in {name}.{tag}; "
                "nothing is translated by machine"
            )
            faults.append((name, tag, message))
    return faults
