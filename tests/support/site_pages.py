"""The pages of the site that are made from the code: commands, errors, columns, configuration.

`python tests/support/site_pages.py` writes them into docs/reference; tests keep them fresh.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

import click
from architecture import codes, documented
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nemovideo_nodes.cli import main
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import PYTHON_WORDING, Remedy, Wording
from nemovideo_nodes.request import calendar_columns
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.webhook import config
from nemovideo_nodes.webhook.systems import SYSTEMS
from nemovideo_nodes.webhook.wording import WEBHOOK_WORDING

__all__ = ["DOCS", "PAGES", "page"]

ROOT = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
_MADE = "<!-- Made by tests/support/site_pages.py: change the code, then run it again. -->\n\n"
_EMULATOR = "This command has options of its own: see [The emulator](../emulator.md#by-hand)."


def commands() -> str:
    """docs/reference/cli.md: each command with its arguments and options, as `--help` has them."""
    lines = [
        "# Commands and options",
        "",
        "This page lists every command with its arguments and options, as `--help` shows them. "
        "What they are for, with examples, is in [The command line](../cli.md).",
        "",
        "All commands that work on runs end with one of the [exit codes](settings.md#exit-codes).",
    ]
    for path, command in _commands(main, "nemovideo"):
        lines += ["", f"## {path}", ""]
        if isinstance(command, click.Group):
            names = ", ".join(
                f"[`{name}`](#{_anchor(f'{path} {name}')})" for name in command.commands
            )
            lines += [_paragraphs(command.help), "", f"Commands: {names}."]
            continue
        with click.Context(command, info_name=path) as context:
            usage = command.get_usage(context).removeprefix("Usage: ")
        lines += [_paragraphs(command.help), "", f"```text\n{' '.join(usage.split())}\n```"]
        if path == "nemovideo emulator":
            lines += ["", _EMULATOR]
            continue
        options = [one for one in command.params if isinstance(one, click.Option)]
        shown = [one for one in options if not one.hidden]
        if shown:
            lines += ["", "| option | what | default |", "|---|---|---|"]
            lines += [_option_row(one) for one in shown]
    return "\n".join(lines) + "\n"


def errors() -> str:
    """docs/reference/errors.md: the codes, and what each door tells its user to do."""
    lines = [
        "# Errors and what to do",
        "",
        "Every error has a `code` for programs and a `remedy` for people. A code keeps its "
        "meaning in all later releases; new ones may be added. `error.retryable` says whether "
        "the same request can succeed later with nothing changed. A code that the service itself "
        "gave is in `error.service_code`.",
        "",
        "In the JSON of a [result](../cli.md#json) they are `error_code`, `remedy` and "
        "`retryable`.",
        "",
        "## Codes",
        "",
        codes(),
        "",
        "## Remedies",
        "",
        "The same remedy is worded for each place where it is read. `RUN` is the run's id.",
    ]
    told = documented(Remedy)
    doors: Mapping[str, Wording] = {
        "Command line": CLI_WORDING,
        "Python": PYTHON_WORDING,
        "Prefect": _wording_of("prefect", "FORM_WORDING"),
        "Airflow": _wording_of("airflow", "AIRFLOW_WORDING"),
        "Webhook receiver": WEBHOOK_WORDING,
    }
    for remedy in Remedy:
        lines += ["", f"### {remedy}", "", told[remedy.name], "", "| where | sentence |"]
        lines += ["|---|---|"]
        for door, wording in doors.items():
            sentence = wording[remedy].format(run_id="RUN", source="NEMO_TOKEN")
            lines.append(f"| {door} | {_cell(sentence)} |")
    return "\n".join(lines) + "\n"


def columns() -> str:
    """docs/reference/calendar-columns.md: every head that means a field, and the platforms."""
    strong, weak = calendar_columns.STRONG, calendar_columns.WEAK
    lines = [
        "# Calendar columns",
        "",
        "The first row of a calendar names its columns. Case, spaces, dashes and underscores do "
        "not matter. What the values may look like is in [Content calendars](../calendar.md"
        "#columns).",
        "",
        "| field | heads that mean it | heads that mean it if no other column does |",
        "|---|---|---|",
    ]
    for name, heads in strong.items():
        shown = ", ".join(f"`{head}`" for head in dict.fromkeys((name, *heads)))
        rest = ", ".join(f"`{head}`" for head in weak.get(name, ()))
        lines.append(f"| `{name}` | {shown} | {rest} |")
    lines += [
        "",
        "`image 1`, `image 2` and so on are read as `images`, in that order. Columns whose name "
        "begins with `_` are your own notes.",
        "",
        "These may be written once for each language, as `prompt.de`, `Caption (de)` or "
        "`Title DE`: " + ", ".join(f"`{name}`" for name in calendar_columns.PER_LANGUAGE) + ".",
        "",
        "## Platforms",
        "",
        "| platform | frames | seconds | at most | title | caption | hashtags | alt text |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, preset in PRESETS.items():
        text = preset.text
        caption = f"{_limit(text.caption)} {text.caption_unit}".strip() if text.caption else ""
        low, high = preset.min_s, preset.max_s
        lines.append(
            f"| `{name}` | {', '.join(preset.aspects)} | {low:g} to {high:g} "
            f"| {preset.max_bytes / 1e6:,.0f} MB | {_limit(text.title)} "
            f"| {caption if text.has_caption else 'none'} | {_limit(text.hashtags)} "
            f"| {_limit(text.alt_text)} |"
        )
    return "\n".join(lines) + "\n"


def webhooks() -> str:
    """docs/reference/webhook.md: every key of webhooks.toml, from its model."""
    lines = [
        "# Webhook configuration",
        "",
        "`webhooks.toml` has one `[target]`, an optional `[outbox]`, and a `[sources.NAME]` for "
        "each sender. An unknown key is an error; `nemovideo webhook check` says which one. How "
        "the parts work together is in [Webhooks](../webhook.md).",
        "",
        "A secret is written as `env:NAME` (a variable) or `file:PATH` (relative to the "
        "configuration).",
    ]
    for title, model in (
        ("[sources.NAME]", config.Source),
        ('[target] with kind = "prefect"', config.PrefectTarget),
        ('[target] with kind = "airflow"', config.AirflowTarget),
        ('[target] with kind = "here"', config.InProcessTarget),
        ("[outbox]", config.OutboxConfig),
    ):
        lines += ["", f"## {title}", "", *_fields(model)]
    lines += [
        "",
        "## Systems",
        "",
        "`system` is one of these. Each has its own signature, answer and mapping; keys of the "
        "source replace them.",
        "",
        "| system | signature scheme | answer | pictures come from |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | `{system.scheme}` | {system.status} "
        f"| {', '.join(f'`{host}`' for host in system.media_hosts) or 'any public host'} |"
        for name, system in SYSTEMS.items()
    ]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """docs/reference/settings.md: the tables of the README, with what goes with them."""
    return f"""# Settings and exit codes

## Environment variables

{_of_readme("Settings")}

An empty variable counts as one that is not set. A value that cannot be used ends a command with \
exit code 2 and a sentence that names the variable. In Prefect the settings of an account and a \
store are [blocks](../prefect.md#blocks-the-account-and-the-store), in Airflow a \
[connection](../airflow.md#connection).

## Files

{_of_readme("Where things are kept")}

`~/.config/nemovideo/accounts.toml` names the [accounts of a calendar](../calendar.md#accounts).

## Exit codes

{_of_readme("Exit codes")}

With `--json` a failed command prints a result of the same shape as any other, with `error`, \
`error_code` and `remedy`.
"""


PAGES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "reference/cli.md": commands,
        "reference/errors.md": errors,
        "reference/calendar-columns.md": columns,
        "reference/settings.md": settings,
        "reference/webhook.md": webhooks,
    }
)
"""What stands in docs/, and what makes it."""


def _of_readme(title: str) -> str:
    """A section of the README, its links as seen from docs/reference."""
    text = (ROOT / "README.md").read_text("utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0].strip()
    return re.sub(r"\]\((?!https?:|#)(?:docs/)?", "](../", section)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _paragraphs(text: str | None) -> str:
    blocks = (text or "").replace("\b", "").split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks if block.strip())


def _option_row(option: click.Option) -> str:
    spelled = ", ".join(f"`{one}`" for one in (*option.opts, *option.secondary_opts))
    if not option.is_flag and not option.count:
        kind = option.type
        values = "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else ""
        spelled += f" {_cell(values or option.metavar or kind.name.upper())}"
    default = option.default
    plain = isinstance(default, str | int | float) and not isinstance(default, bool)
    shown = f"`{default}`" if plain and not option.is_flag and default != "" else ""
    again = " May be given several times." if option.multiple else ""
    needed = " Required." if option.required else ""
    return f"| {spelled} | {_cell(_sentence(option.help or ''))}{needed}{again} | {shown} |"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", ")", "]")) or not text else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _limit(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _wording_of(door: str, name: str) -> Wording:
    """A door's sentences, read from its source: no environment has Prefect and Airflow."""
    source = (ROOT / "nemovideo_nodes" / door / "wording.py").read_text("utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            assert isinstance(node.value, ast.Dict)
            return {
                Remedy[ast.unparse(key).rpartition(".")[2]]: ast.literal_eval(value)
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            }
    raise LookupError(f"{door}/wording.py has no {name}")


def _fields(model: type[BaseModel]) -> list[str]:
    told = documented(model)
    lines = ["| key | values | default | what |", "|---|---|---|---|"]
    for name, info in model.model_fields.items():
        if name in ("name", "kind"):
            continue
        if name not in told:
            raise LookupError(f"{model.__name__}.{name} has no docstring that the page could show")
        lines.append(f"| `{name}` | {_values(info)} | {_default(info)} | {_cell(told[name])} |")
    return lines


def _values(info: FieldInfo) -> str:
    kinds = [one for one in get_args(info.annotation) or (info.annotation,) if one is not None]
    origin = getattr(info.annotation, "__origin__", None)
    if origin is tuple or any(getattr(one, "__origin__", None) is tuple for one in kinds):
        return "list of texts"
    if origin is dict:
        return "table of texts"
    names = {"str": "text", "bool": "`true`, `false`", "int": "whole number", "float": "number"}
    for kind in kinds:
        if inspect.isclass(kind) and kind.__name__ in names:
            return names[kind.__name__] + _bounds(info)
    return "text"


def _bounds(info: FieldInfo) -> str:
    low = [getattr(one, "ge", getattr(one, "gt", None)) for one in info.metadata]
    high = [getattr(one, "le", None) for one in info.metadata]
    lowest = next((one for one in low if one is not None), None)
    highest = next((one for one in high if one is not None), None)
    if lowest is None or highest is None:
        return ""
    return f", {_limit(int(lowest))} to {_limit(int(highest))}"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value: Any = info.default
    if value is None or value in ("", (), {}):
        return ""
    return f"`{json.dumps(value) if not isinstance(value, str) else value}`"


def page(name: str) -> str:
    """A page as it should be."""
    return _MADE + PAGES[name]()


if __name__ == "__main__":
    for place in PAGES:
        (DOCS / place).parent.mkdir(exist_ok=True)
        (DOCS / place).write_text(page(place), "utf-8")
