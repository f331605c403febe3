"""The wheel alone, in an empty environment for each extra: what a newcomer does first works.

It asks the package index that pip is set up for, and takes a minute or two for each environment;
`-o faulthandler_timeout=1200` gives a slow machine its time. The versions are those of
requirements/.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from pages import ROOT, block_having, blocks_of

CALENDAR = "slug,due,images,prompt\none,2026-03-02 9:00,photos/cup.jpg,A 2 second video\n"
SAMPLES = ("nemovideo", "samples", "photos")
LOOK = ("nemovideo", "make", "photos", "-p", "A 2 second video", "--dry-run")
MAKE = ("nemovideo", "make", "photos", "-p", "A 2 second square video", "--local")
Steps = Sequence[Sequence[str]]
FIRST: Mapping[str, Steps] = {
    "": [
        ["nemovideo", "--version"],
        ["nemovideo", "runs"],
        ["python", "-c", "import nemovideo_nodes as nv; print(nv.list_runs())"],
    ],
    "video": [SAMPLES, LOOK],
    "heif": [SAMPLES, LOOK, ["python", "-c", "import pillow_heif"]],
    "email": [["nemovideo", "runs"], ["python", "-c", "import aiosmtplib"]],
    "socks": [["env", "ALL_PROXY=socks5://127.0.0.1:1", "nemovideo", "runs"]],
    "telemetry": [["nemovideo", "runs"], ["python", "-c", "import opentelemetry.trace"]],
    "emulator": [SAMPLES, MAKE, ["nemovideo", "runs"]],
    "calendar,video": [
        SAMPLES,
        ["nemovideo", "calendar", "check", "calendar.csv", "--timezone", "UTC"],
        ["nemovideo", "calendar", "plan", "calendar.csv", "--timezone", "UTC", "--ics", "a.ics"],
    ],
    "webhook,emulator": [
        ["nemovideo", "webhook", "check"],
        [
            *("nemovideo", "webhook", "try", "product.json", "--source", "shop"),
            *("--header", "X-Shopify-Topic: products/update"),
        ],
    ],
    "prefect,emulator": [
        SAMPLES,
        ["python", "morning_video.py"],
        ["nemovideo", "prefect-flows", "--to", "deployments"],
    ],
    "airflow,emulator": [
        ["airflow", "db", "migrate"],
        ["airflow", "providers", "get", "nemovideo-nodes"],
        ["nemovideo", "samples", "airflow/photos"],
        ["airflow", "dags", "test", "morning_video"],
    ],
}
"""Extras, and the first steps with them."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TEST_WHEEL, else one that is built from this checkout."""
    if named := os.environ.get("TEST_WHEEL"):
        return Path(named)
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.parametrize("extras", FIRST)
def test_the_first_steps(extras: str, wheel: Path, tmp_path: Path) -> None:
    """Installed, and each of them succeeds; `pip check` finds nothing amiss."""
    env = _environment(tmp_path)
    pins = _pins(ROOT / "requirements" / f"{'airflow' if 'airflow' in extras else 'prefect'}.txt")
    (tmp_path / "pins.txt").write_text(pins)
    wanted = f"nemovideo-nodes[{extras}] @ {wheel.as_uri()}"
    _run([sys.executable, "-m", "venv", "venv"], tmp_path, env)
    _run(["pip", "install", "--quiet", wanted, "--constraint", "pins.txt"], tmp_path, env)
    _run(["pip", "check"], tmp_path, env)
    _lay_out(tmp_path)
    for step in FIRST[extras]:
        _run(step, tmp_path, env)


def _lay_out(folder: Path) -> None:
    """The files that the tutorials have their readers save."""
    shop = "docs/tutorials/shop-to-video.md"
    (folder / "calendar.csv").write_text(CALENDAR)
    (folder / "webhooks.toml").write_text(
        next(one.text for one in blocks_of(shop) if one.language == "toml")
    )
    product = block_having(shop, "bash", "product.json <<'JSON'").split("JSON'\n")[1]
    (folder / "product.json").write_text(product.split("\nJSON")[0])
    flow = block_having("docs/tutorials/prefect.md", "python", "def morning_video(")
    (folder / "morning_video.py").write_text(flow)
    dags = folder / "airflow" / "dags"
    dags.mkdir(parents=True)
    dag = block_having("docs/tutorials/airflow.md", "py", 'DAG("morning_video"')
    (dags / "morning_video.py").write_text(dag)


def _environment(folder: Path) -> dict[str, str]:
    """A home of its own, the new environment first on PATH, and nothing that steers us."""
    named = ("NEMO", "PREFECT", "AIRFLOW", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    (folder / "home").mkdir()
    return kept | {
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
        "NEMOVIDEO_STORE": str(folder / "store"),
        "SHOP_SECRET": "a-secret-that-you-share-with-the-shop",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_NEMOVIDEO_DEFAULT": '{"conn_type": "nemovideo", "extra": {"local": true}}',
    }


def _pins(path: Path) -> str:
    """The versions of a file of pins; with hashes pip would ask for one of the wheel, too."""
    return "\n".join(re.findall(r"^([\w.-]+==[^ \\\n]+(?: ; [^\\\n]+)?)", path.read_text(), re.M))


def _run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
