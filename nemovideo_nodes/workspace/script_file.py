"""A script in a file (YAML or JSON): quick edit, batch and iterative work written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nemovideo_nodes.errors import BadInput, redact

__all__ = ["ScriptEntry", "ScriptFile", "read_script"]

MAX_BYTES = 1024 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScriptEntry(_Strict):
    """One instruction, with the files that come with it."""

    text: str
    media: list[str] = []
    export: bool | None = None
    """Whether a video is made of what it changed; None: as the script says."""


class ScriptFile(_Strict):
    """What a script file holds."""

    instructions: list[ScriptEntry] = Field(min_length=1, max_length=200)
    media: list[str] = []
    """Uploaded before the first instruction."""
    profile: str | None = None
    export: Literal["end", "each"] = "end"
    """`end`: one video at the end; `each`: one after each instruction (batch, iterative work)."""

    @property
    def sources(self) -> list[str]:
        """All files, folders and URLs that it names."""
        return [*self.media, *(one for entry in self.instructions for one in entry.media)]

    def exports(self, entry: ScriptEntry) -> bool:
        """Whether a video is made after this instruction."""
        return self.export == "each" if entry.export is None else entry.export


def read_script(name: str) -> ScriptFile:
    """The script in the file `name`, its media found from the file's own folder.

    Raises `BadInput` saying what is wrong, and where.
    """
    path = Path(name).expanduser()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(f"The script {name} is larger than 1 MB, the limit for a script")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(f"There is no script {name!r}: check the path") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"The script {name} cannot be read: {reason}") from None
    except UnicodeDecodeError:
        raise BadInput(f"The script {name} is not UTF-8 text: save it as UTF-8") from None
    value = _parse(text, name)
    if isinstance(value, list):
        value = {"instructions": value}
    if isinstance(value, dict) and isinstance(value.get("instructions"), list):
        entries = [{"text": one} if isinstance(one, str) else one for one in value["instructions"]]
        value = {**value, "instructions": entries}
    try:
        script = ScriptFile.model_validate(value)
    except ValidationError as error:
        raise BadInput(f"The script {name} {_first_fault(error)}") from None
    return script.model_copy(
        update={
            "media": _from(path.parent, script.media),
            "instructions": [
                entry.model_copy(update={"media": _from(path.parent, entry.media)})
                for entry in script.instructions
            ],
        }
    )


def _parse(text: str, name: str) -> Any:
    if name.lower().endswith(".json"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise BadInput(f"The script {name} is not valid JSON: {error}") from None
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise BadInput(f"The script {name} is not valid YAML{line}") from None


def _from(folder: Path, media: list[str]) -> list[str]:
    """Names as seen from the script's folder; URLs and absolute paths as they are."""
    return [one if "://" in one else str(folder / Path(one).expanduser()) for one in media]


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"has a key that means nothing: {redact(place)}"
    return f"is wrong at {place or 'its beginning'}: {fault['msg'].lower()}"
