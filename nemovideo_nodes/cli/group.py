"""How every command speaks: errors in one sentence, exit codes, JSON, the shared options."""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from pydantic_core import to_jsonable_python

from nemovideo_nodes.cli.completing import complete_folders
from nemovideo_nodes.cli.streams import open_streams
from nemovideo_nodes.cli.terminal import say
from nemovideo_nodes.cli.wording import CLI_WORDING, fault_wording
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NemoVideoError,
    Remedy,
    is_retryable,
    redact,
    with_remedy,
)

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.workspace import RunReader, Workspace

__all__ = [
    "BAD_INPUT",
    "EXIT",
    "STOPPED",
    "SentenceGroup",
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

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line; it ends with the code of what was done, not of its streams."""
        streams = open_streams() if more.get("standalone_mode", True) else None
        try:
            return super().main(*args, **more)
        except SystemExit as ended:
            if streams is None or not isinstance(ended.code, int | None):
                raise
            raise SystemExit(streams.exit_code(ended.code or 0)) from None

    def invoke(self, ctx: click.Context) -> Any:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8
        asks_json = "--json" in ctx.args
        no_failure = getattr(click.exceptions, "NoArgsIsHelpError", ())  # from click 8.2 on
        try:
            _check_no_file_is_an_option(ctx, asks_json=asks_json)
            return super().invoke(ctx)
        except NemoVideoError as error:
            if isinstance(error, BadInput):
                code = BAD_INPUT
            else:
                code = RESUMABLE if is_retryable(error) else STUCK
                if error.remedy is None and code == RESUMABLE:
                    error.remedy = Remedy.RETRY
            failure = _Failure(error.message(CLI_WORDING), code, error.code, error.remedy)
        except KeyboardInterrupt:
            sentence = with_remedy(STOPPED, Remedy.RETRY, CLI_WORDING)
            failure = _Failure(sentence, RESUMABLE, ErrorCode.CANCELLED, Remedy.RETRY)
        except no_failure:
            raise
        except click.UsageError as error:
            # The parser may have stopped before it came to --json.
            ctx.meta[_JSON] = asks_json
            failure = _usage_failure(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # ours to mend: no reason to show a user its insides
            where = traceback.extract_tb(error.__traceback__)[-1]
            what = redact(
                f"A fault of the program ({type(error).__name__}: {error}; "
                f"{Path(where.filename).name}:{where.lineno})"
            )
            sentence = with_remedy(what, Remedy.REPORT, fault_wording())
            failure = _Failure(sentence, FAULT, ErrorCode.INTERNAL, Remedy.REPORT)
        failure.end(ctx, as_json=bool(ctx.meta.get(_JSON)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = tuple(args)  # the parser takes them out of the list
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not typed:  # that is a request for help
                raise
            _usage_failure(error).end(ctx, as_json="--json" in typed)


def _check_no_file_is_an_option(ctx: click.Context, *, asks_json: bool) -> None:
    """Refuse a file that the shell filled in for *.jpg and that begins with -: '-photo.jpg' would
    be the prompt 'hoto.jpg', and paid for."""
    typed = list(itertools.takewhile(lambda one: one != "--", ctx.args))
    file = next((one for one in typed if one.startswith("-") and os.path.isfile(one)), None)
    if file is not None:
        ctx.meta[_JSON] = asks_json
        raise BadInput(f"{file!r} is taken for an option, as it begins with -: write './{file}'")


def _usage_failure(error: click.UsageError) -> _Failure:
    """What is wrong with a command as it was typed, and where its options are explained."""
    said = " ".join(error.format_message().split()).rstrip(".")
    end = "" if said.endswith("?") else "."
    told = f"{said}{end} {error.ctx.command_path} --help explains it" if error.ctx else said
    return _Failure(told, BAD_INPUT, ErrorCode.BAD_INPUT, None)


def print_json(value: object) -> None:
    """One line, in characters that standard output can hold; times as ISO 8601."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    click.echo(json.dumps(value, ensure_ascii=encoding != "utf8", default=to_jsonable_python))


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

    def end(self, ctx: click.Context, *, as_json: bool) -> NoReturn:
        """Say the sentence, and the JSON where it was asked for; end with the exit code."""
        say(f"nemovideo: {self.sentence}")
        if as_json:
            print_json(self.json())
        ctx.exit(self.exit_code)

    def json(self) -> dict[str, object]:
        """The same keys as a run's result."""
        from nemovideo_nodes.ledger.run_result import RunResult

        result = RunResult(
            run_id="",
            status="waiting" if self.exit_code == RESUMABLE else "stuck",
            error=self.sentence,
            error_code=self.code,
            remedy=self.remedy,
        )
        return result.model_dump() | {"run_id": None}


store_option = click.option(
    "--store",
    metavar="URL",
    shell_complete=complete_folders,
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
    from nemovideo_nodes.settings import Settings

    settings = Settings.from_environment()
    return settings.model_copy(update={"store": store}) if store else settings


def open_reader(store: str | None) -> RunReader:
    """The runs of the store that the command names, for who only looks at them.

    Raises `BadInput` for a store that is a file.
    """
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.workspace import RunReader

    return RunReader(_in_folder(Store(read_settings(store).store)))


def open_workspace(store: str | None, *, local: bool = False) -> Workspace:
    """The runs of the store that the command names, as the environment's account sees them.

    Raises `BadInput` for a store that is a file.
    """
    from nemovideo_nodes.emulator.local import ensure_local
    from nemovideo_nodes.workspace import Account, Workspace

    workspace = Workspace.open(store or "", Account(local=local), start_local=ensure_local)
    _in_folder(workspace.store)
    return workspace


def _in_folder(store: Store) -> Store:
    """`store`, unless it is a file. A worker that has begun waits for its disk: nobody has here."""
    for folder in (store.root, *store.root.parents) if store.root is not None else ():
        try:
            if folder.is_dir():
                break
            is_file = folder.exists()
        except OSError as error:  # such as a name that is too long
            reason = (error.strerror or str(error)).lower()
            raise BadInput(
                f"The store {store.url[:300]} cannot be opened: {reason}", remedy=Remedy.STORE
            ) from None
        if is_file:
            raise BadInput(
                f"The store {store.url} is not a folder: {folder} is a file", remedy=Remedy.STORE
            )
    return store
