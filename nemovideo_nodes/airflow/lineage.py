"""What was made from what: the task's lineage for Airflow's collector, and as OpenLineage's facets.

Inputs are the pictures as the user named them, outputs the videos, each with its SHA-256.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import Upload
from nemovideo_nodes.workspace import Workspace

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import HookLineageCollector
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import BaseHook

__all__ = [
    "LineageFile",
    "RunLineage",
    "lineage_of",
    "openlineage_of",
    "report_lineage",
    "told_lineage",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LineageFile:
    """A picture or a video: where it is (a URI), and what it is."""

    uri: str
    sha256: str
    name: str = ""
    size: int | None = None


@dataclass(frozen=True)
class RunLineage:
    """The files of one run."""

    run_id: str
    service: str
    inputs: tuple[LineageFile, ...]
    outputs: tuple[LineageFile, ...]


def lineage_of(
    run: Run, workspace: Workspace, result: RunResult, sources: Sequence[str] = ()
) -> RunLineage:
    """The run's lineage; `sources` are the files, folders and URLs that the task was given.

    What the task was not given, as where it resumes a run, is named by its copy in the store.
    """
    inputs = [
        LineageFile(
            _source_of(record.step.args.media, sources, workspace),
            record.step.args.media.digest,
            record.step.args.media.name,
        )
        for record in run.steps.values()
        if isinstance(record.step.args, Upload)
    ]
    outputs = [
        LineageFile(_uri(video.path), video.sha256, size=video.bytes) for video in result.videos
    ]
    service = workspace.settings.api_url
    return RunLineage(result.run_id, service, tuple(inputs), tuple(outputs))


def told_lineage(
    run: Run, workspace: Workspace, result: RunResult, sources: Sequence[str], conn_id: str
) -> RunLineage | None:
    """The run's lineage, told to Airflow's collector; never raises: the video is paid for."""
    from airflow.providers.common.compat.sdk import get_hook_lineage_collector

    from nemovideo_nodes.airflow.hooks import NemoVideoHook

    try:
        lineage = lineage_of(run, workspace, result, sources)
        report_lineage(get_hook_lineage_collector(), NemoVideoHook(conn_id), lineage)
    except Exception:
        _log.warning("The lineage of the run cannot be reported", exc_info=True)
        return None
    return lineage


def report_lineage(collector: HookLineageCollector, hook: BaseHook, lineage: RunLineage) -> None:
    """Tell Airflow's collector, which the OpenLineage provider and others read."""
    for file in lineage.inputs:
        extra: dict[str, Any] = {"name": file.name, "sha256": file.sha256}
        collector.add_input_asset(hook, uri=file.uri, asset_extra=extra)
    for file in lineage.outputs:
        made: dict[str, Any] = {"run_id": lineage.run_id, "sha256": file.sha256}
        collector.add_output_asset(hook, uri=file.uri, asset_extra=made)


def openlineage_of(lineage: RunLineage | None) -> OperatorLineage[Any, Any]:
    """The lineage as datasets with facets: a digest is the dataset's version."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
    from openlineage.client.generated.external_query_run import ExternalQueryRunFacet
    from openlineage.client.generated.output_statistics_output_dataset import (
        OutputStatisticsOutputDatasetFacet,
    )

    if lineage is None:
        return OperatorLineage()

    def names(file: LineageFile) -> dict[str, Any]:
        namespace, name = _dataset_name(file.uri)
        version = DatasetVersionDatasetFacet(datasetVersion=f"sha256:{file.sha256}")
        return {"namespace": namespace, "name": name, "facets": {"version": version}}

    statistics = [
        OutputStatisticsOutputDatasetFacet(size=file.size, fileCount=1) for file in lineage.outputs
    ]
    return OperatorLineage(
        inputs=[InputDataset(**names(file)) for file in lineage.inputs],
        outputs=[
            OutputDataset(**names(file), outputFacets={"outputStatistics": one})
            for file, one in zip(lineage.outputs, statistics, strict=True)
        ],
        run_facets={
            "externalQuery": ExternalQueryRunFacet(
                externalQueryId=lineage.run_id, source=lineage.service
            )
        },
    )


def _source_of(media: Media, sources: Sequence[str], workspace: Workspace) -> str:
    """Where the user has a file: by the URL, or by the name in what the task was given."""
    if media.url:
        return _without_secrets(media.url)
    for source in sources:
        if "://" in source:
            if urlsplit(source).path.rsplit("/", 1)[-1] == media.name:
                return _without_secrets(source)
            continue
        path = Path(os.path.expanduser(source))  # of an unknown user it stays as it is
        if path.name == media.name:
            return path.absolute().as_uri()
        if os.path.isfile(path / media.name):
            return (path / media.name).absolute().as_uri()
    return _uri(workspace.store.place(media.artifact))


def _without_secrets(url: str) -> str:
    """The URL without what may be a signature or a password."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def _uri(path: str) -> str:
    return path if "://" in path else Path(path).absolute().as_uri()


def _dataset_name(uri: str) -> tuple[str, str]:
    """Namespace and name, as OpenLineage writes them for files and buckets."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return "file", parts.path
    path = parts.path if parts.scheme in ("http", "https") else parts.path.lstrip("/")
    return f"{parts.scheme}://{parts.netloc}", path
