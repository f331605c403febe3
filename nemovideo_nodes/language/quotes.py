"""Text in quotes is content: it is hidden before commands are looked for."""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "hidden"]

HIDDEN = "\ufffc"
"""Replaces each character of a quote, so that positions stay the same."""

_QUOTES = re.compile(
    "|".join(
        (
            r"```.*?```",
            r"`[^`]*`",
            r"\"[^\"]*\"",
            r"＂[^＂]*＂",
            r"“[^“”\"]*[”\"]",
            r"”[^“”\"]*”",
            r"„[^„“”]*[“”]",
            r"«[^«»]*»",
            r"‹[^‹›]*›",
            r"「[^「」]*」",
            r"『[^『』]*』",
            r"《[^《》]*》",
            r"〈[^〈〉]*〉",
            r"【[^【】]*】",
            # In these two an apostrophe does not end the quote ('Don't stop'); '90s begins none.
            r"‘(?:[^‘’]|(?<=\w)’(?=[a-zA-Z]))*’",
            r"(?<![a-zA-Z0-9_'])'(?!\d0s)(?:[^'\n]|(?<=[a-zA-Z])'(?=[a-zA-Z]))+'(?![a-zA-Z0-9_'])",
        )
    ),
    re.DOTALL,
)


def hidden(text: str) -> str:
    """`text` with each quote, marks included, hidden; as long as `text`."""
    return _QUOTES.sub(lambda found: HIDDEN * len(found[0]), text)
