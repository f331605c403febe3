"""Where a flow run finds files: a deployment's run works in a folder that is deleted with it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prefect.context import FlowRunContext

from nemovideo_nodes.errors import BadInput

__all__ = ["check_files", "check_results", "check_store", "in_deployment", "is_absolute"]


def in_deployment() -> bool:
    """Whether this process works on a deployment's flow run, or on a subflow of one."""
    context = FlowRunContext.get()
    flow_run = context.flow_run if context is not None else None
    if flow_run is not None and flow_run.deployment_id is not None:
        return True
    # A subflow names no deployment, but its process was started for one.
    return bool(os.environ.get("PREFECT__FLOW_RUN_ID"))


def is_absolute(location: str) -> bool:
    """Whether a location means the same from every folder: a URL, or an absolute path."""
    return "://" in location or Path(location).expanduser().is_absolute()


def check_store(location: str, what: str) -> None:
    """Raises `BadInput` for a relative store in a deployment's run, which would lose its videos.

    `what` says where the location was given.
    """
    if location and in_deployment() and not is_absolute(location):
        raise BadInput(
            f"{what} is the relative path {location!r}. A deployment's run works in a temporary "
            f"folder ({Path.cwd()}), so the videos would be deleted with it: give an absolute "
            "path, a bucket's URL, or the name of a Video Store block"
        )


def check_results(place: str, what: str = "results") -> None:
    """Raises `BadInput` for a relative place in a deployment's run, which would lose it."""
    if place and in_deployment() and not is_absolute(place):
        raise BadInput(
            f"The {what} would go to the relative path {place!r}, in a temporary folder that is "
            "deleted with the run: give an absolute path, or an s3:// URL"
        )


def check_files(sources: Iterable[str], what: str = "file") -> None:
    """Raises `BadInput` for a relative path that is not there, naming the folder looked in."""
    if not in_deployment():
        return
    for source in sources:
        if source.strip() and not is_absolute(source) and not Path(source).exists():
            raise BadInput(
                f"There is no {what} {source!r} in {Path.cwd()}, where this flow run works: "
                "give an absolute path on the worker, or a URL"
            )
