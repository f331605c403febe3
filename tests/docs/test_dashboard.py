"""The dashboard and the alert rules ask for metrics that there are, in valid PromQL."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from pages import ROOT

DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"
ALERTS = ROOT / "docs" / "prometheus-alerts.yaml"
_OF_GRAFANA = {"$__rate_interval": "5m", "$__range": "1h", "$profile": ".*"}


def panel_queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def rule_queries() -> list[str]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def metrics_known() -> set[str]:
    """By the names that Prometheus gives them."""
    source = (ROOT / "nemovideo_nodes" / "telemetry.py").read_text("utf-8")
    known = set()
    for name in re.findall(r'"(nemovideo\.[a-z.]+)"', source):
        plain = name.replace(".", "_")
        known |= {plain, f"{plain}_total"}
        known |= {f"{plain}_seconds_{kind}" for kind in ("bucket", "count", "sum")}
    return known | {f"nemovideo_webhook_{name}" for name in ("jobs", "lag_seconds", "outbox_up")}


@pytest.mark.parametrize("queries", [panel_queries(), rule_queries()], ids=["panels", "rules"])
def test_every_metric_and_label_is_there(queries: list[str]) -> None:
    """A renamed metric would leave a panel empty, and nobody would be told."""
    page = (ROOT / "docs" / "reference" / "telemetry.md").read_text("utf-8")
    assert len(queries) > 5
    for query in queries:
        labels = set(re.findall(r"[{,( ](\w+)(?==|,|\))", query)) & set(
            re.findall(r"nemovideo_\w+|error_type", query)
        )
        for name in re.findall(r"\bnemovideo_\w+", query):
            if name not in metrics_known():
                assert f"`{name.replace('_', '.')}`" in page, name
        for label in labels - metrics_known():
            assert f"`{label.replace('_', '.')}`" in page, label


def test_the_names_are_those_of_the_reference() -> None:
    """docs/reference/telemetry.md names every metric."""
    page = (ROOT / "docs" / "reference" / "telemetry.md").read_text("utf-8")
    source = (ROOT / "nemovideo_nodes" / "telemetry.py").read_text("utf-8")
    for name in re.findall(r'"(nemovideo\.[a-z.]+)"', source):
        assert f"`{name}`" in page, name


@pytest.fixture
def promtool() -> str:
    if (found := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    return found


def test_one_event_is_enough_for_an_alert(promtool: str, tmp_path: Path) -> None:
    """Be its counter an old one that has grown, or one that appears with it."""
    cases = tmp_path / "cases.yaml"
    written = Path(__file__).with_name("alerts.yaml").read_text("utf-8")
    cases.write_text(written.replace("ALERTS", str(ALERTS)), "utf-8")
    told = subprocess.run(
        [promtool, "test", "rules", str(cases)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_promtool_accepts_them(promtool: str, tmp_path: Path) -> None:
    """The alert rules, and each query of the dashboard as a recording rule."""
    rules = []
    for number, query in enumerate(panel_queries()):
        for name, value in _OF_GRAFANA.items():
            query = query.replace(name, value)
        rules.append({"record": f"panel:{number}", "expr": query})
    panels = tmp_path / "panels.yaml"
    panels.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    told = subprocess.run(
        [promtool, "check", "rules", str(ALERTS), str(panels)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
