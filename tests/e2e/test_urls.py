"""Pictures by URL from the command line: given to the service, or fetched where that is secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucket import BucketServer
from photo_site import Site
from shell import Service, Shell

from nemovideo_nodes.ledger.store import Store

PROMPT = ("-p", "A 2 second video", "--json")
SECRET = "canary-5d0c1f"


@pytest.fixture
def reader(photo_site: Site, connected: Shell) -> Shell:
    """A shell whose commands trust the site, and may fetch from this machine."""
    connected.env["SSL_CERT_FILE"] = str(photo_site.authority)
    connected.env["NEMOVIDEO_MEDIA_NETWORKS"] = "127.0.0.0/8"
    return connected


def test_a_url_goes_to_the_service_and_its_picture_into_the_video(
    reader: Shell, service: Service, photo_site: Site
) -> None:
    """One upload by URL, fetched by the service, and not again when the command is typed again."""
    url = f"{photo_site.url}/coffee.png"
    first = reader.run("make", url, *PROMPT)
    assert first.code == 0, first.err
    assert "coffee" in first.result["timeline"]
    assert service.sent == (1, 1, 1)
    assert photo_site.seen == ["HEAD /coffee.png", "GET /coffee.png"]
    second = reader.type("make", url, *PROMPT)
    assert (second.code, second.result) == (0, first.result)
    assert service.sent == (1, 1, 1)
    assert photo_site.seen[2:] == ["HEAD /coffee.png"]


def test_a_signed_url_is_fetched_here_and_stands_nowhere(
    reader: Shell, service: Service, photo_site: Site
) -> None:
    """The service gets the bytes; store, output and the service's world never see the query."""
    ended = reader.type("make", f"{photo_site.url}/moved.png?X-Amz-Signature={SECRET}", *PROMPT)
    assert ended.code == 0, ended.err
    assert service.sent == (1, 1, 1)
    assert [asked.partition("?")[0] for asked in photo_site.seen] == [
        "GET /moved.png",
        "GET /coffee.png",
    ]
    assert SECRET not in ended.out + ended.err
    for path in reader.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_a_picture_in_a_bucket_is_streamed_out_of_it(
    connected: Shell, service: Service, bucket: str, bucket_server: BucketServer
) -> None:
    """The keys that open the bucket stand in nothing that the run leaves or says."""
    Store(bucket).replace("coffee.png", Path(connected.pictures[0]).read_bytes())
    connected.env |= bucket_server.environment
    ended = connected.run("make", f"{bucket}/coffee.png", *PROMPT)
    assert ended.code == 0, ended.err
    assert "coffee" in ended.result["timeline"]
    assert service.sent == (1, 1, 1)
    assert "canary" not in ended.out + ended.err
    for path in connected.folder.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes(), path
