"""`nemovideo --store s3://...`: the same commands, with URLs where a folder has paths."""

from __future__ import annotations

import pytest
from bucket import BucketServer
from shell import Service, Shell

PROMPT = ("-p", "A 2 second video")


def test_the_commands_work_on_a_bucket(
    connected: Shell, service: Service, bucket: str, bucket_server: BucketServer
) -> None:
    """Make, show, resume, runs and completion; no key of the account is said or left here."""
    connected.env |= bucket_server.environment
    connected.env["NEMOVIDEO_STORE"] = bucket
    made = connected.run("make", *connected.pictures, *PROMPT, "--run-id", "mine", "--json")
    assert made.code == 0, made.err
    (video,) = made.result["videos"]
    assert video["path"] == f"{bucket}/runs/mine/video.mp4"
    assert made.result["manifest"] == f"{bucket}/runs/mine/manifest.json"
    for command in (["show", "mine"], ["resume", "mine"]):
        assert connected.run(*command, "--json").result == made.result
    listed = connected.run("runs")
    assert listed.out.splitlines()[1].split()[1:] == ["mine", *PROMPT[1].split(), "1", "s", "done"]
    assert service.sent == (1, 1, 2)
    left = [path for path in connected.folder.rglob("*") if path.is_file()]
    left += [path for path in connected.home.rglob("*") if path.is_file()]
    assert not [path for path in left if b"canary-secret-key" in path.read_bytes()]
    assert "canary" not in made.out + made.err + listed.out + listed.err
    assert not connected.store.exists()


@pytest.mark.parametrize(
    ("url", "env", "code", "word"),
    [
        ("s3://no-such-bucket/videos", {}, 2, "There is no bucket"),
        ("s3://key:canary-secret@bucket/x", {}, 2, "environment"),
        ("s3://bucket/x", {"AWS_ENDPOINT_URL": "http://example.invalid"}, 2, "AWS_ALLOW_HTTP"),
        ("s3://bucket/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 75, "cannot be reached"),
        ("s3://", {}, 2, "cannot be opened"),
        ("az://container/x", {}, 2, "cannot be opened"),
    ],
)
def test_a_bucket_that_cannot_be_opened_is_one_sentence(
    shell: Shell, bucket_server: BucketServer, url: str, env: dict[str, str], code: int, word: str
) -> None:
    """What is wrong and what to do, without what the library says around it; nothing is sent."""
    ended = shell.run(
        "make", *shell.pictures, *PROMPT, "--store", url, env=bucket_server.environment | env
    )
    (line,) = ended.err.splitlines()
    assert (ended.code, ended.out) == (code, "")
    assert word in line
    assert "canary" not in line
    assert "Debug" not in line
