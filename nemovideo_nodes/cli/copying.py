"""`nemovideo airflow-dags` and `prefect-flows`: what the package has for orchestrators, copied out.

They are in the installed package, where neither Airflow nor `prefect deploy` looks for them.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from nemovideo_nodes.errors import BadInput

__all__ = ["airflow_dags", "prefect_flows"]

_F = TypeVar("_F", bound=Callable[..., object])
_force = click.option("--force", is_flag=True, help="Write over files that were changed there.")


def _to(text: str) -> Callable[[_F], _F]:
    """The option that says where to; `text` is its help."""
    kind = click.Path(path_type=Path)
    return click.option("--to", "folder", required=True, metavar="FOLDER", type=kind, help=text)


@click.command(name="airflow-dags")
@_to("Airflow's DAG folder; it is made if it is not there.")
@_force
def airflow_dags(folder: Path, force: bool) -> None:
    """Copy the DAGs into FOLDER, where Airflow finds them."""
    sources = [path for path in _files("airflow_dags", "*.py") if path.name != "__init__.py"]
    _copy(sources, folder, force=force)


@click.command(name="prefect-flows")
@_to("Where you deploy from; it is made if it is not there.")
@_force
def prefect_flows(folder: Path, force: bool) -> None:
    """Copy the deployments of the ready-made Prefect flows into FOLDER.

    They are prefect.yaml, automations.yaml and a calendar to begin with; the flows themselves stay
    in the package. Then, in FOLDER: prefect --no-prompt deploy --all
    """
    _copy(_files("prefect_flows", "*.yaml", "*.csv"), folder, force=force)


def _files(package: str, *patterns: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise BadInput(f"{package} is not installed: install the package nemovideo-nodes")
    return sorted(path for pattern in patterns for path in Path(folders[0]).glob(pattern))


def _copy(sources: list[Path], folder: Path, *, force: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        changed = [path.name for path in sources if _differs(folder / path.name, path)]
        if changed and not force:
            raise BadInput(
                f"{folder} has other files of these names: {', '.join(changed)}; nothing was "
                "copied. Use --force to write over them"
            )
        for path in sources:
            _write(folder / path.name, path.read_bytes())
    except OSError as error:
        raise BadInput(f"{folder} cannot be written to: {error.strerror or error}") from None
    for path in sources:
        click.echo(str(folder / path.name))


def _differs(target: Path, source: Path) -> bool:
    return target.exists() and target.read_bytes() != source.read_bytes()


def _write(target: Path, data: bytes) -> None:
    """Whole or not at all: Airflow may be reading the folder just now."""
    spare = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        spare.write_bytes(data)
        spare.replace(target)
    finally:
        spare.unlink(missing_ok=True)
