"""A bucket on loopback: moto's server, one for each test process, and stores of both kinds."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import logging
import os
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

__all__ = ["BucketServer", "gateway", "overwriting_gateway"]

_numbers = itertools.count()


@dataclass(frozen=True)
class BucketServer:
    """An S3 server, and the environment that leads to it."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "canary-access-key",
            "AWS_SECRET_ACCESS_KEY": "canary-secret-key",
            "AWS_REGION": "us-east-1",
        }

    def new(self) -> str:
        """The URL of a store in a bucket of its own."""
        name = f"bucket-{next(_numbers)}"
        asked = urllib.request.Request(f"{self.url}/{name}", method="PUT")
        with urllib.request.urlopen(asked, timeout=60):
            return f"s3://{name}/videos"


@contextlib.contextmanager
def gateway(
    server: BucketServer,
    *,
    without: Collection[str] = (),
    delay_s: float = 0.0,
    seen: Callable[[str], object] = lambda request: None,
) -> Iterator[BucketServer]:
    """A gateway before the server: it takes its time, tells of each request, drops headers."""

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _pass_on(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length) if length else None
            seen(f"{self.command} {urllib.parse.unquote(self.path)}")
            if delay_s:
                time.sleep(delay_s)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in without}
            to = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
            try:
                to.request(self.command, self.path, body, headers)
                answer = to.getresponse()
                data = answer.read()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                length = int(answer.getheader("content-length") or len(data))
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(data)
            finally:
                to.close()

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to say."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    served = Server(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    try:
        yield BucketServer(f"http://127.0.0.1:{served.server_port}")
    finally:
        served.shutdown()
        thread.join()
        served.server_close()


def overwriting_gateway(
    server: BucketServer,
) -> contextlib.AbstractContextManager[BucketServer]:
    """A gateway that passes on everything but `If-None-Match`."""
    return gateway(server, without={"if-none-match"})


@pytest.fixture(scope="session")
def bucket_server() -> Iterator[BucketServer]:
    """moto's server in a thread of this process."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield BucketServer(f"http://{host}:{port}")
    server.stop()
    assert server._server is not None
    server._server.server_close()


@pytest.fixture
def asked(
    bucket: str, bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """All requests to the bucket, of this process and of those that it starts."""
    requests: list[str] = []
    with gateway(bucket_server, seen=requests.append) as counting:
        monkeypatch.setenv("AWS_ENDPOINT_URL", counting.url)
        yield requests


@pytest.fixture
def bucket(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty store in a bucket; the environment leads to it."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in bucket_server.environment.items():
        monkeypatch.setenv(name, value)
    return bucket_server.new()


@pytest.fixture(params=["folder", "bucket"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, of either kind."""
    if request.param == "folder":
        return str(tmp_path / "store")
    return str(request.getfixturevalue("bucket"))
