"""Machines as people have them: proxies, certificates, and streams that lead nowhere.

Each is one sentence that names the variable, with code 2; or it is no obstacle at all.
"""

from __future__ import annotations

import asyncio
import os

import pytest
from loopback import Loopback, says
from photo_site import Site
from shell import Service, Shell

PROMPT = ("-p", "A 2 second video")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HTTPS_PROXY", "ftp://proxy:1", "HTTPS_PROXY names a proxy of the kind 'ftp'"),
        ("https_proxy", "http://proxy:99999", "https_proxy names no valid host and port"),
        ("ALL_PROXY", "socks9://proxy:1", "ALL_PROXY names a proxy of the kind 'socks9'"),
        ("SSL_CERT_FILE", "/nowhere/corporate.pem", "SSL_CERT_FILE names '/nowhere/corporate.pem'"),
        ("SSL_CERT_FILE", "{text}", "which holds no certificates in PEM form"),
        ("SSL_CERT_FILE", "{folder}", "SSL_CERT_FILE names"),
        ("SSL_CERT_DIR", "/nowhere/certs", "SSL_CERT_DIR names '/nowhere/certs'"),
    ],
)
def test_a_machine_that_is_set_up_wrongly_is_one_sentence(
    shell: Shell, variable: str, value: str, says: str
) -> None:
    """Code 2, before anything is asked, for what makes videos and for what looks."""
    text = shell.folder / "text.pem"
    text.write_text("no certificate")
    value = value.replace("{text}", str(text)).replace("{folder}", str(shell.folder))
    quiet = {"SSL_CERT_FILE": "", "NO_PROXY": "", "no_proxy": ""}
    env = {"NEMO_API_URL": "https://api.invalid", **quiet, variable: value}
    for command in (["credits"], ["make", shell.pictures[0], *PROMPT]):
        ended = shell.type(*command, env=env)
        assert ended.code == 2, ended
        (line,) = ended.err.splitlines()
        assert says in line
        assert "correct it, or unset it" in line or "give" in line


def test_a_machine_that_is_set_up_wrongly_ends_a_process_the_same_way(shell: Shell) -> None:
    """Not only in a test's own process; --json has the sentence, too."""
    env = {"NEMO_API_URL": "https://127.0.0.1:9", "SSL_CERT_FILE": "/nowhere.pem"}
    ended = shell.run("make", shell.pictures[0], *PROMPT, "--json", env=env)
    assert (ended.code, ended.result["error_code"]) == (2, "bad_input")
    assert "SSL_CERT_FILE names '/nowhere.pem'" in ended.result["error"]


@pytest.mark.parametrize(
    "env",
    [
        {"SSL_CERT_FILE": "/nowhere.pem"},
        {"SSL_CERT_DIR": "/nowhere"},
        {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"},
        {"ALL_PROXY": "socks5://127.0.0.1:9", "NO_PROXY": "[::1],127.0.0.0/8"},
        {"ALL_PROXY": "http://127.0.0.1:9", "no_proxy": "*"},
        {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "[::1]"},
    ],
    ids=lambda env: ",".join(env),
)
def test_http_on_loopback_needs_no_certificates_and_no_proxy(
    connected: Shell, env: dict[str, str]
) -> None:
    """A broken file is no reason to refuse what has no TLS; NO_PROXY holds in its forms."""
    ended = connected.type("credits", env=env)
    assert (ended.code, ended.err) == (0, ""), ended


def test_a_proxy_that_is_not_there_is_named(shell: Shell) -> None:
    """It can be reached later, so the code is 75; SOCKS, too, where the extra is installed."""
    for proxy in ("http://127.0.0.1:9", "socks5://127.0.0.1:9"):
        env = {"NEMO_API_URL": "https://api.invalid", "ALL_PROXY": proxy}
        ended = shell.type("credits", env=env)
        assert ended.code == 75
        assert "through the proxy that ALL_PROXY names" in ended.err


def test_an_authority_of_ones_own_is_trusted(shell: Shell, photo_site: Site) -> None:
    """Without it the sentence says where to name it; with it the site is what answers."""
    env = {"NEMO_API_URL": photo_site.url}
    trusted = shell.type("credits", env=env | {"SSL_CERT_FILE": os.environ["SSL_CERT_FILE"]})
    assert "certificate" not in trusted.err
    unknown = shell.run("credits", env=env)
    assert unknown.code == 75
    assert "certificate is not accepted" in unknown.err
    assert "SSL_CERT_FILE" in unknown.err


async def test_an_api_that_redirects_says_where_it_leads(shell: Shell) -> None:
    """The token does not go along; the way on is the address."""
    answer = b"HTTP/1.1 301 X\r\nLocation: https://new.example.com/api?x=1\r\n\r\n"
    async with Loopback(says(answer)) as server:
        ended = await asyncio.to_thread(
            shell.run, "credits", env={"NEMO_API_URL": server.url, "NEMO_TOKEN": "nmv_usr_1"}
        )
    assert ended.code != 0
    (line,) = ended.err.splitlines()
    assert "The service redirects to https://new.example.com/api, and the token is not" in line
    assert "NEMO_API_URL" in line


STREAMS = {
    "closed standard error": ("2>&-", 0),
    "closed standard output": (">&-", 0),
    "all closed": ("<&- >&- 2>&-", 0),
    "standard error full": ("2>/dev/full", 0),
    "standard output full": (">/dev/full", 1),
    "a reader of one line": ("| head -1", 0),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_that_lead_nowhere_do_not_end_a_run(
    connected: Shell, service: Service, name: str
) -> None:
    """The video is made; what is told of it is one sentence at most, and the code is true."""
    how, code = STREAMS[name]
    ended = connected.redirected(how, "make", *connected.pictures, *PROMPT)
    assert ended.code == code, ended
    assert service.sent == (1, 1, 2)
    if code:
        (line,) = [one for one in ended.err.splitlines() if one.startswith("nemovideo: ")]
        assert line.startswith("nemovideo: Standard output cannot be written (no space left")
    shown = connected.type("make", *connected.pictures, *PROMPT, "--json")
    assert (shown.code, shown.result["status"]) == (0, "done")


@pytest.mark.parametrize("name", STREAMS)
def test_streams_that_lead_nowhere_keep_the_code_of_bad_input(shell: Shell, name: str) -> None:
    """Code 2, and no traceback; where help cannot be written, that is said."""
    how, code = STREAMS[name]
    assert shell.redirected(how, "make", "missing.jpg").code == 2
    helped = shell.redirected(how, "--help")
    assert helped.code == code
    assert len(helped.err.splitlines()) <= 1


def test_a_store_that_is_only_read_can_be_looked_at(connected: Shell) -> None:
    """`show` and `runs` write nothing; what would have to write says so, with code 2."""
    made = connected.type("make", *connected.pictures, *PROMPT, "--json").result["run_id"]
    (connected.store / "runs" / made / "summary.json").unlink()
    folders = [connected.store, *(one for one in connected.store.rglob("*") if one.is_dir())]
    before = sorted(connected.store.rglob("*"))
    for folder in folders:
        folder.chmod(0o555)
    try:
        for command in (["show", made], ["runs"], ["show", made, "--json"], ["runs", "--json"]):
            ended = connected.type(*command)
            assert (ended.code, ended.err) == (0, "")
            assert made in ended.out
        assert sorted(connected.store.rglob("*")) == before
        if os.geteuid() != 0:  # whom nothing is closed to
            ended = connected.type("make", connected.pictures[0], "-p", "another")
            assert ended.code == 2
            assert "cannot be written to" in ended.err
    finally:
        for folder in folders:
            folder.chmod(0o755)
