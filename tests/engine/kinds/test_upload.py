"""What the service says about an upload: proof that it arrived, or that it is of no use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from fake_clock import FakeClock
from scripted import PICTURE, ScriptedService, envelope, settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.kinds.kind import Context, Failure, Outcome, Success
from nemovideo_nodes.engine.kinds.upload import UploadRunner
from nemovideo_nodes.errors import Remedy
from nemovideo_nodes.ledger.facts import Achieved, Asked
from nemovideo_nodes.ledger.results import SessionResult, UploadResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import CreateSession, Step, Upload
from nemovideo_nodes.settings import PollingSettings

DIGEST = hashlib.sha256(PICTURE).hexdigest()
MEDIA = Media(name="rose.jpg", digest=DIGEST, size=len(PICTURE), kind="image", ext="jpg")
OURS = {"filename": MEDIA.upload_name, "file_type": "image", "hash": DIGEST}


async def uploaded(folder: Path, files: object, media: Media = MEDIA) -> Outcome:
    """What comes of an upload whose answer lists these files."""
    clock, run, store = FakeClock(), Run("r"), Store(str(folder / "store"))
    path = folder / "rose.jpg"
    path.write_bytes(PICTURE)
    store.put_file(media.artifact, path)
    session = Step(id="session/0", args=CreateSession())
    step = Step(id="upload/0", args=Upload(media=media))
    run.apply(Asked(at=clock.now(), by="me", steps=(session, step)))
    result = SessionResult(session_id="s-1")
    run.apply(Achieved(at=clock.now(), by="me", step="session/0", result=result))
    service = ScriptedService()
    service.script("upload", envelope(data={"files": files}))
    async with NemoVideoClient(settings=settings_in(folder), transport=service) as client:
        context = Context(
            client=client,
            store=store,
            run=run,
            pace=PollingSettings(),
            clock=clock,
            report=lambda progress: None,
        )
        return await UploadRunner().perform(context, run.steps["upload/0"], None)


async def test_what_arrived_is_written_down(tmp_path: Path) -> None:
    """Its name, digest and size there; the URL that opens it to anybody is not."""
    told = OURS | {"width": 4, "height": 3, "cdn_url": "https://cdn.test/x?sig=secret"}
    outcome = await uploaded(tmp_path, [told])
    assert isinstance(outcome, Success)
    assert isinstance(outcome.result, UploadResult)
    assert outcome.result.arrived is not None
    assert (outcome.result.arrived.hash, outcome.result.arrived.width) == (DIGEST, 4)
    assert "secret" not in outcome.result.model_dump_json()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"hash": "0" * 64}, "with another content than it was sent with"),
        ({"hash": "sha256:" + "0" * 64}, "with another content than it was sent with"),
        ({"width": 0, "height": 0}, "sees no picture in it"),
    ],
)
async def test_what_arrived_wrong_is_refused_before_anything_is_paid(
    tmp_path: Path, more: dict[str, object], says: str
) -> None:
    """It stays in the session, so the way on is a new run."""
    outcome = await uploaded(tmp_path, [OURS | more])
    assert isinstance(outcome, Failure)
    assert (outcome.verdict, outcome.remedy) == ("not_accepted", Remedy.AGAIN)
    assert outcome.sentence.startswith("rose.jpg arrived")
    assert says in outcome.sentence


@pytest.mark.parametrize(
    "files",
    [
        [],
        None,
        "many",
        [{"filename": "renamed.jpg", "hash": "d41d8cd98f00b204e9800998ecf8427e"}],
        [{"filename": "a.jpg", "hash": "0" * 64}, {"filename": "b.jpg", "hash": "1" * 64}],
        [{"duration": 0, "width": None}],
    ],
)
async def test_what_proves_nothing_changes_nothing(tmp_path: Path, files: object) -> None:
    """No list, another algorithm, files that are not ours: the upload counts, as it did."""
    assert isinstance(await uploaded(tmp_path, files), Success)


async def test_a_converted_picture_is_what_was_sent(tmp_path: Path) -> None:
    """The JPEG's digest is compared, not that of the HEIC that it was made of."""
    media = MEDIA.model_copy(update={"digest": "ab" * 32, "converted": DIGEST})
    told = OURS | {"filename": media.upload_name}
    assert isinstance(await uploaded(tmp_path, [told], media), Success)
