"""What stands in quotes is content: it is hidden before anything is read as a wish."""

from __future__ import annotations

import re

__all__ = ["HIDDEN", "hidden"]

HIDDEN = "\ufffc"
"""Stands for each character of a quote, so that places in the hidden text are the text's own."""

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
            # In these two an apostrophe is no end: 'Don't stop'. Nor is '90s a beginning.
            r"‘(?:[^‘’]|(?<=\w)’(?=[a-zA-Z]))*’",
            r"(?<![a-zA-Z0-9_'])'(?!\d0s)(?:[^'\n]|(?<=[a-zA-Z])'(?=[a-zA-Z]))+'(?![a-zA-Z0-9_'])",
        )
    ),
    re.DOTALL,
)


def hidden(text: str) -> str:
    """`text` with each quote, marks included, hidden; as long as `text`."""
    return _QUOTES.sub(lambda found: HIDDEN * len(found[0]), text)
