"""Machines: proxies, certificates, and the one place that makes HTTP clients."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from loopback import Loopback, answer, says
from photo_site import Site
from scripted import envelope, settings_in

import nemovideo_nodes
from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.api.transport import async_client
from nemovideo_nodes.errors import BadInput, Unreachable
from nemovideo_nodes.media.proxies import proxy_for

PACKAGE = Path(nemovideo_nodes.__file__).parent
MAKERS = {"Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "SafeTransport"}
BALANCE = answer(envelope(data={"available": 7}))
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_one_module_makes_http_clients() -> None:
    """Every client of httpx and ssrfguard is constructed in media/http_clients.py."""
    made = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) in MAKERS
    }
    assert made == {"media/http_clients.py"}


# Proxies.


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("https://api.example/x", "HTTPS_PROXY"),
        ("http://api.example", "ALL_PROXY"),
        ("https://127.0.0.1:8000", None),
        ("https://[::1]/", None),
        ("http://localhost", None),
    ],
)
def test_a_url_has_the_proxy_of_its_scheme(
    monkeypatch: pytest.MonkeyPatch, url: str, variable: str | None
) -> None:
    """HTTPS_PROXY for https, ALL_PROXY for the rest, none for this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    found = proxy_for(url)
    assert (found and found.variable) == variable
    if variable == "HTTPS_PROXY":
        assert found is not None
        assert found.url == "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("*", "https://api.example", True),
        ("a.b, *", "https://api.example", True),
        ("api.example", "https://api.example", True),
        ("API.example", "https://api.EXAMPLE", True),
        ("example", "https://api.example", True),
        (".example", "https://api.example", True),
        ("*.example", "https://api.example", True),
        ("ample", "https://api.example", False),
        ("other.example api.example", "https://api.example", True),
        ("api.example:443", "https://api.example", True),
        ("api.example:8443", "https://api.example", False),
        ("api.example:8443", "https://api.example:8443", True),
        ("https://api.example", "https://api.example", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3/8", "https://10.9.9.9", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:9000", "https://10.1.2.3:9000", True),
        ("10.1.2.3:9000", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd12::1]", True),
        ("[fd00::1]", "https://[fd00::1]:8443", True),
        ("[fd00::1]:8443", "https://[fd00::1]:8443", True),
        ("[fd00::1]:8443", "https://[fd00::1]", False),
        ("fd00::1", "https://[fd00::1]", True),
        ("[::1]", "https://api.example", False),
        ("[::1", "https://api.example", False),
        ("::::,]x[,:80,.,*.", "https://api.example", False),
        ("", "https://api.example", False),
        ("localhost;api.example", "https://api.example", True),
        ('"localhost,api.example"\r', "https://api.example", True),
        ("https://api.example/", "https://api.example", True),
        ("*:443", "https://api.example", True),
        ("*:443", "https://api.example:8443", False),
        ("ap*.example", "https://api.example", True),
        ("10.1.*", "https://10.1.2.3", True),
        ("10.2.*", "https://10.1.2.3", False),
    ],
)
def test_no_proxy_in_its_forms(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, url: str, is_direct: bool
) -> None:
    """Names, domains, addresses, networks, each with a port; nonsense is passed over."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is is_direct


@pytest.mark.parametrize(
    "value", [" http://proxy.example:3128 ", '"http://proxy.example:3128"', "proxy.example:3128\r"]
)
def test_what_a_file_of_variables_leaves_around_a_proxy_is_taken_off(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Quotes and carriage returns of an env file that no shell has read."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    proxy = proxy_for("https://api.example")
    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"


@pytest.mark.parametrize(
    "value",
    [
        "socks4://proxy.example",
        "http://a proxy",
        "ftp://proxy.example",
        "http://",
        "http://proxy.example:port",
        "http://proxy.example:99999",
        "http://user:canary@proxy.example:0x1",
        "://",
        "socks5://",
        "http://[::1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Before anything is sent, and without the password in it."""
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(BadInput, match=r"^ALL_PROXY names|^ALL_PROXY is not") as caught:
        NemoVideoClient(settings=settings_in(tmp_path))
    assert "canary" not in str(caught.value)


def test_a_socks_proxy_without_the_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable and the extra."""
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(BadInput, match=r"ALL_PROXY .*nemovideo-nodes\[socks\]"):
        NemoVideoClient(settings=settings_in(tmp_path))


async def credits_at(url: str, home: Path) -> float | None:
    settings = settings_in(home, url, NEMO_TOKEN="t", NEMOVIDEO_ALLOW_HTTP="1")
    async with NemoVideoClient(settings=settings) as client:
        return (await client.credits()).available


async def test_calls_go_through_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is asked for the whole URL."""
    async with Loopback(says(BALANCE)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert await credits_at("http://api.internal", tmp_path) == 7
    assert proxy.seen[0].target == "http://api.internal/api/credits/balance/simple"


@asynccontextmanager
async def socks_proxy(port: int, asked: list[bytes]) -> AsyncIterator[str]:
    """A SOCKS5 proxy that takes everybody to `port` of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = (await reader.readexactly(2))[1]
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        head = await reader.readexactly(5)
        asked.append(await reader.readexactly(head[4]))
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(await reader.readuntil(b"\r\n\r\n"))
        writer.write(await there.read())
        await writer.drain()
        for end in (back, writer):
            end.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_calls_go_through_a_socks_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy resolves the name."""
    pytest.importorskip("socksio")
    asked: list[bytes] = []
    async with Loopback(says(BALANCE)) as server:
        port = int(server.url.rpartition(":")[2])
        async with socks_proxy(port, asked) as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy)
            assert await credits_at("http://api.internal", tmp_path) == 7
    assert asked == [b"api.internal"]


async def test_a_proxy_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would know what refused the connection."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="refused, through the proxy that ALL_PROXY names"):
        await credits_at("http://api.internal", tmp_path)


async def test_a_proxy_that_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing password ends as a sentence about the variable."""
    async with Loopback(says(answer(b"", 407))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(BadInput, match=r"HTTPS_PROXY .* user name and password"):
            await credits_at("https://api.internal", tmp_path)


# Certificates.


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "binary", "folder"])
def test_a_certificate_file_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """One sentence with the variable and the file."""
    path = tmp_path / f"{kind}.pem"
    contents = {"empty": b"", "text": b"no certificate", "binary": bytes(range(256))}
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(contents[kind])
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(BadInput, match=rf"SSL_CERT_FILE names .*{kind}\.pem"):
        NemoVideoClient(settings=settings_in(tmp_path))


def test_a_certificate_folder_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL would trust nobody, without a word."""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(BadInput, match=r"SSL_CERT_DIR names .*none"):
        NemoVideoClient(settings=settings_in(tmp_path))


def test_a_log_of_keys_that_cannot_be_written_names_its_own_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python opens it with the certificates, which are not at fault."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys.log"))
    with pytest.raises(BadInput, match=r"SSLKEYLOGFILE names .*keys\.log.* cannot be written"):
        NemoVideoClient(settings=settings_in(tmp_path))


async def test_http_needs_no_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken certificate file is no reason to refuse what has no TLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    async with Loopback(says(BALANCE)) as server:
        assert await credits_at(server.url, tmp_path) == 7


async def test_an_authority_of_ones_own(photo_site: Site, tmp_path: Path) -> None:
    """SSL_CERT_FILE is trusted (the site's fixture sets it)."""
    async with async_client(photo_site.url, timeout=httpx.Timeout(5.0)) as client:
        assert (await client.get(f"{photo_site.url}/coffee.png")).status_code == 200


async def test_an_unknown_authority_is_said(
    photo_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence has the cause, and where an authority is named."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unreachable, match=r"certificate is not accepted: .*SSL_CERT_FILE"):
        await credits_at(photo_site.url, tmp_path)


# What each request says of us.


async def test_each_request_names_us(tmp_path: Path) -> None:
    """Our own User-Agent, beside the documented attribution headers."""
    async with Loopback(says(BALANCE)) as server:
        await credits_at(server.url, tmp_path)
    headers = server.seen[0].headers
    version = importlib.metadata.version("nemovideo-nodes")
    assert headers["user-agent"] == f"nemovideo-nodes/{version}"
    assert headers["x-skill-source"] == "image-to-video-canva"
