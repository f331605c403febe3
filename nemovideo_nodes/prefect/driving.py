"""What every task does: open the run that it is given, and advance through one step."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.workspace.display import PlainDisplay
from nemovideo_nodes.workspace.door import in_words

__all__ = ["in_form_words", "run_log"]

_WORDS: Final = MappingProxyType(
    {
        "add --resend to": "start it once more with `resend` switched on, to",
        "--resend": "`resend`",
        "use --again to": "switch `again` on to",
        "use --again for": "switch `again` on for",
        "Use --again to": "Switch `again` on to",
        "--again": "`again`",
        "say --prompt": "give a `prompt`",
        "with --prompt": "in `prompt`",
        "(nemovideo resume ": "(start it with `run_id` ",
        "run the same command again": "retry this flow run",
        "The same command tries it again": "A retry of this flow run tries it again",
        ": use the token (NEMO_TOKEN) or the client id (NEMO_CLIENT_ID) that it was begun with": (
            ": name the `credentials` that it was begun with"
        ),
        # The form has no word for this: it is a person's at the worker.
        "say so: nemovideo resume ": "say so on the worker, in a shell: nemovideo resume ",
        " --same-account": " with the option same-account",
        ": set NEMO_API_URL": ": name the `credentials` that it was begun with",
        "give another folder with --store or NEMOVIDEO_STORE": "give another `store`",
        ": `nemovideo runs` lists them": ": check the `run_id` and the `store`",
    }
)
"""The command line's words, and what a person does in Prefect's form instead."""


class _RunLog(PlainDisplay):
    """The lines of the command line, in the log of the task run."""

    def __init__(self) -> None:
        super().__init__(to_stderr=True)
        self._logger: logging.Logger | logging.LoggerAdapter[logging.Logger]
        try:
            self._logger = get_run_logger()
        except MissingContextError:  # a task's function that is called by itself
            self._logger = get_logger("nemovideo")

    def _line(self, text: str) -> None:
        self._logger.info("%s", text)


def run_log() -> _RunLog:
    """A display that writes to the log of the run that it is made in."""
    return _RunLog()


@contextlib.contextmanager
def in_form_words() -> Iterator[None]:
    """Errors say what to do in the words of Prefect's form, not of the command line."""
    try:
        yield
    except NemoVideoError as error:
        error.args = (in_words(error.sentence, _WORDS),)
        raise
