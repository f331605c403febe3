"""What the package has for orchestrators is copied out, and over nothing that somebody changed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from nemovideo_nodes.cli import main
from nemovideo_nodes.workspace.calendar_file import read_calendar


def copied(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["airflow-dags", "--to", str(folder), *more])


def test_the_dags_are_copied_and_told(tmp_path: Path) -> None:
    """As they are, each by its path; the same once more changes nothing."""
    folder = tmp_path / "dags"
    assert copied(folder).exit_code == 0
    done = copied(folder)
    assert done.exit_code == 0
    there = sorted(str(path) for path in folder.iterdir())
    assert done.output.split() == there
    assert str(folder / "image_to_video.py") in there
    assert "with DAG(" in (folder / "image_to_video.py").read_text()


def test_the_deployments_are_copied_without_the_flows(tmp_path: Path) -> None:
    """prefect.yaml names the flows by their place in the package."""
    done = CliRunner().invoke(main, ["prefect-flows", "--to", str(tmp_path)])
    assert done.exit_code == 0
    there = {path.name for path in tmp_path.iterdir()}
    assert there == {"prefect.yaml", "automations.yaml", "calendar.csv"}
    wanted = yaml.safe_load((tmp_path / "prefect.yaml").read_text("utf-8"))
    for deployment in wanted["deployments"]:
        module, _, name = deployment["entrypoint"].rpartition(".")
        assert importlib.util.find_spec(module), deployment["name"]
        assert name == module.rpartition(".")[2]
    assert len(read_calendar(str(tmp_path / "calendar.csv"), "Europe/Berlin")) == 3


def test_a_file_that_was_changed_stays(tmp_path: Path) -> None:
    """Unless --force says otherwise; nothing else is copied then either."""
    mine = tmp_path / "image_to_video.py"
    mine.write_text("# mine\n")
    refused = copied(tmp_path)
    assert refused.exit_code == 2
    assert "image_to_video.py; nothing was copied. Use --force" in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["image_to_video.py"]
    assert copied(tmp_path, "--force").exit_code == 0
    assert "with DAG(" in mine.read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """With exit code 2."""
    (tmp_path / "file").touch()
    refused = copied(tmp_path / "file")
    assert refused.exit_code == 2
    assert refused.output.startswith("nemovideo: ")
    assert "cannot be written to" in refused.output
