"""Pictures by https URL from the command line: given to the service, or fetched where secret."""

from __future__ import annotations

import pytest
from photo_site import Site
from shell import Service, Shell

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
    second = reader.run("make", url, *PROMPT)
    assert (second.code, second.result) == (0, first.result)
    assert service.sent == (1, 1, 1)
    assert photo_site.seen[2:] == ["HEAD /coffee.png"]


def test_a_signed_url_is_fetched_here_and_stands_nowhere(
    reader: Shell, service: Service, photo_site: Site
) -> None:
    """The service gets the bytes; store, output and the service's world never see the query."""
    ended = reader.run("make", f"{photo_site.url}/moved.png?X-Amz-Signature={SECRET}", *PROMPT)
    assert ended.code == 0, ended.err
    assert service.sent == (1, 1, 1)
    assert [asked.partition("?")[0] for asked in photo_site.seen] == [
        "GET /moved.png",
        "GET /coffee.png",
    ]
    assert SECRET not in ended.out + ended.err
    for path in reader.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
