"""How every command speaks: errors in one sentence, exit codes, JSON, the shared options."""

from __future__ import annotations

import io
import json
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NemoVideoError,
    Remedy,
    is_retryable,
    redact,
    told,
)
from nemovideo_nodes.settings import Settings

if TYPE_CHECKING:
    from nemovideo_nodes.workspace import Workspace

__all__ = [
    "BAD_INPUT",
    "EXIT",
    "STOPPED",
    "SentenceGroup",
    "complete_run",
    "json_option",
    "loudness",
    "open_workspace",
    "print_json",
    "quiet_option",
    "read_settings",
    "resend_option",
    "store_option",
    "verbose_option",
]

STUCK: Final = 1
BAD_INPUT: Final = 2
RESUMABLE: Final = 75
FAULT: Final = 70
STOPPED: Final = "Stopped"
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
        except NemoVideoError as error:
            if isinstance(error, BadInput):
                code = BAD_INPUT
            else:
                code = RESUMABLE if is_retryable(error) else STUCK
                if error.remedy is None and code == RESUMABLE:
                    error.remedy = Remedy.RETRY
            sentence = error.told(CLI_WORDING)
            failure = _Failure(sentence, code, error.code, error.remedy)
        except KeyboardInterrupt:
            code, sentence = RESUMABLE, told(STOPPED, Remedy.RETRY, CLI_WORDING)
            failure = _Failure(sentence, code, ErrorCode.CANCELLED, Remedy.RETRY)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # ours to mend: no reason to show a user its insides
            where = traceback.extract_tb(error.__traceback__)[-1]
            code = FAULT
            what = redact(
                f"A fault of the program ({type(error).__name__}: {error}; "
                f"{Path(where.filename).name}:{where.lineno})"
            )
            sentence = told(what, Remedy.REPORT, CLI_WORDING)
            failure = _Failure(sentence, code, ErrorCode.INTERNAL, Remedy.REPORT)
        click.echo(f"nemovideo: {sentence}", err=True)
        if ctx.meta.get(_JSON):
            print_json(failure.json())
        ctx.exit(code)


def print_json(value: object) -> None:
    """One line, in characters that standard output can hold."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    click.echo(json.dumps(value, ensure_ascii=encoding != "utf8"))


def _wants_json(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    ctx.meta[_JSON] = value
    return value


@dataclass(frozen=True)
class _Failure:
    """How a command ended that came to no run."""

    sentence: str
    exit_code: int
    code: ErrorCode
    remedy: Remedy | None

    def json(self) -> dict[str, object]:
        """The same keys as a run's result."""
        waiting = self.exit_code == RESUMABLE
        return {
            "run_id": None,
            "status": "waiting" if waiting else "stuck",
            "videos": [],
            "replies": [],
            "timeline": None,
            "credits": None,
            "manifest": None,
            "error": self.sentence,
            "state": "resumable" if waiting else "failed",
            "error_code": str(self.code),
            "remedy": self.remedy and str(self.remedy),
            "retryable": waiting,
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
    help="Print only the paths of the videos.",
)
verbose_option = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_noted,
    help="Print every step, wait and refusal, with its time.",
)
resend_option = click.option(
    "--resend",
    is_flag=True,
    help="Retry the step that the run stopped at, such as a message of unknown outcome; "
    "it may be paid for twice.",
)


def loudness() -> str | None:
    """`quiet` or `verbose`, as the command was told."""
    told = click.get_current_context().meta.get(_LOUDNESS)
    return told if isinstance(told, str) else None


def read_settings(store: str | None) -> Settings:
    """The settings of the environment, for the store that the command names."""
    settings = Settings.from_environment()
    return settings.model_copy(update={"store": store}) if store else settings


def open_workspace(store: str | None, *, local: bool = False) -> Workspace:
    """The runs of the store that the command names, as the environment's account sees them."""
    from nemovideo_nodes.emulator.local import ensure_local
    from nemovideo_nodes.workspace import Account, Workspace

    return Workspace.open(store or "", Account(local=local), start_local=ensure_local)


def complete_run(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    """The ids of the runs in the store that begin so."""
    try:
        runs = open_workspace(ctx.params.get("store")).run_ids()
    except NemoVideoError:
        return []
    return [name for name in runs if name.startswith(begun)][:200]
