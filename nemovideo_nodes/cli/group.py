"""How every command speaks: errors in one sentence, exit codes, JSON, the shared options."""

from __future__ import annotations

import io
import json
import sys
import traceback
from pathlib import Path
from typing import Any, Final

import click

from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, redact
from nemovideo_nodes.settings import Settings

__all__ = [
    "EXIT",
    "STOPPED",
    "SentenceGroup",
    "complete_run",
    "json_option",
    "loudness",
    "print_json",
    "quiet_option",
    "resend_option",
    "settings_of",
    "store_option",
    "verbose_option",
]

STUCK: Final = 1
BAD_INPUT: Final = 2
RESUMABLE: Final = 75
STOPPED: Final = "Stopped. Run the same command again to go on"
EXIT: Final = {"done": 0, "stuck": STUCK, "waiting": RESUMABLE}
_JSON: Final = "nemovideo.json"
_LOUDNESS: Final = "nemovideo.loudness"


class SentenceGroup(click.Group):
    """Says every error of ours in one sentence, and nothing else."""

    def invoke(self, ctx: click.Context) -> Any:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
        try:
            return super().invoke(ctx)
        except BadInput as error:
            code, sentence = BAD_INPUT, error.sentence
        except StoreError as error:
            code, sentence = RESUMABLE, f"{error.sentence}. Run the same command again to go on"
        except NemoVideoError as error:
            code, sentence = RESUMABLE if error.retryable else STUCK, error.sentence
        except KeyboardInterrupt:
            code, sentence = RESUMABLE, STOPPED
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # ours to mend: no reason to show a user its insides
            where = traceback.extract_tb(error.__traceback__)[-1]
            code = RESUMABLE
            sentence = redact(
                f"An error of the program itself ({type(error).__name__}: {error}; "
                f"{Path(where.filename).name}:{where.lineno}). Please report it; nothing is lost: "
                "run the same command again to go on"
            )
        click.echo(f"nemovideo: {sentence}", err=True)
        if ctx.meta.get(_JSON):
            print_json(_failed(sentence, code))
        ctx.exit(code)


def print_json(value: object) -> None:
    """One line, in characters that standard output can hold."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    click.echo(json.dumps(value, ensure_ascii=encoding != "utf8"))


def _wants_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    ctx.meta[_JSON] = value
    return value


def _failed(sentence: str, code: int) -> dict[str, object]:
    """The JSON object of a command that came to no run."""
    return {
        "run_id": None,
        "status": "waiting" if code == RESUMABLE else "stuck",
        "videos": [],
        "replies": [],
        "timeline": None,
        "credits": None,
        "manifest": None,
        "error": sentence,
    }


store_option = click.option(
    "--store",
    metavar="URL",
    help="Where runs and videos are kept: a folder, or s3://bucket/prefix. [NEMOVIDEO_STORE]",
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_wants_json,
    help="Print one JSON object at the end.",
)


def _noted(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_LOUDNESS] = param.name


quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_noted,
    help="Say nothing but the paths of the videos.",
)
verbose_option = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_noted,
    help="Say every step, wait and refusal, with its time.",
)
resend_option = click.option(
    "--resend",
    is_flag=True,
    help="Do once more what the run is stopped at, such as a message of unknown outcome; "
    "it may be paid for twice.",
)


def loudness() -> str | None:
    """`quiet` or `verbose`, as the command was told."""
    told = click.get_current_context().meta.get(_LOUDNESS)
    return told if isinstance(told, str) else None


def settings_of(store: str | None) -> Settings:
    settings = Settings.from_environment()
    return settings.model_copy(update={"store": store}) if store else settings


def complete_run(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    from nemovideo_nodes.engine.summaries import known_runs
    from nemovideo_nodes.ledger.store import Store

    try:
        store = Store(settings_of(ctx.params.get("store")).store)
        return [name for name in known_runs(store) if name.startswith(begun)][:200]
    except NemoVideoError:
        return []
