"""The request: what decides the run id, its steps, and the names that runs may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import Instruction, Limits, VideoRequest, checked_run_id
from nemovideo_nodes.request.script import compile_request
from nemovideo_nodes.request.steps import AwaitRender, Prompt, Step, Upload


def media(name: str, digit: str = "a") -> Media:
    return Media(name=name, digest=digit * 64, size=1, kind="image", ext="png")


REQUEST = VideoRequest(
    media=(media("a.png"), media("b.png", "b")),
    script=(Instruction(text="make it"),),
    profile="image-to-video-canva",
    language="en",
)
RUN_ID = REQUEST.run_id(service="vendor")


def test_the_run_id_of_a_request_never_changes() -> None:
    """Runs that users have began under these ids: typing the same must find them."""
    assert RUN_ID == "f40f5681acb92deb271e"
    assert REQUEST.run_id(service="local", occasion="2026-01-01") == "e3f017a5cd88a0c25177"


@pytest.mark.parametrize(
    "change",
    [
        {"media": (media("b.png", "b"), media("a.png"))},
        {"media": (media("a.png"),)},
        {"media": (media("a.png", "c"), media("b.png", "b"))},
        {"script": (Instruction(text="make it"), Instruction(text="again"))},
        {"script": (Instruction(text="Make it"),)},
        {"profile": "ai-image-to-video-miricanvas"},
        {"language": None},
    ],
)
def test_whatever_makes_another_video_makes_another_run(change: dict[str, object]) -> None:
    """Pictures, their order, the words, the profile and the language are all in the id."""
    assert REQUEST.model_copy(update=change).run_id(service="vendor") != RUN_ID


def test_service_and_occasion_make_other_runs() -> None:
    """A local trial never stands in for the real thing, nor last week for this one."""
    ids = {
        REQUEST.run_id(service="vendor"),
        REQUEST.run_id(service="local"),
        REQUEST.run_id(service="vendor", occasion="again-1"),
    }
    assert len(ids) == 3


def test_limits_make_no_other_run() -> None:
    """How long somebody waits, and what may be sent besides, makes no other video."""
    patient = REQUEST.model_copy(update={"limits": Limits(render_s=10, follow_ups=2)})
    assert patient.run_id(service="vendor") == RUN_ID


def test_the_steps_of_a_quick_edit() -> None:
    """All uploads first, then the words, one export, and the manifest last."""
    assert [step.id for step in compile_request(REQUEST)] == [
        "token/0",
        "credits/0",
        "session/0",
        "upload/0",
        "upload/1",
        "prompt/0",
        "state/0",
        "render/0",
        "await/0",
        "download/0",
        "credits/1",
        "claim/0",
        "publish/0",
    ]


def test_the_same_picture_twice_is_uploaded_once() -> None:
    """It is in the request twice, and goes over the network once."""
    twice = REQUEST.model_copy(update={"media": (media("a.png"), media("a.png"))})
    assert [s.id for s in compile_request(twice) if isinstance(s.args, Upload)] == ["upload/0"]
    assert twice.run_id(service="vendor") != RUN_ID


def test_no_media_at_all_is_a_request() -> None:
    """The skills say: describe what you want to make."""
    words = REQUEST.model_copy(update={"media": ()})
    assert not any(isinstance(step.args, Upload) for step in compile_request(words))


def test_another_limit_asks_for_the_same_step() -> None:
    """A step is another one by what it does, not by how long somebody waits for it."""
    one = Step(id="await/0", args=AwaitRender(limit_s=1))
    assert one.asks_the_same(Step(id="await/0", args=AwaitRender(limit_s=2)))
    assert not one.asks_the_same(Step(id="await/0", args=AwaitRender(render="render/1")))
    assert not one.asks_the_same(Step(id="await/1", args=AwaitRender(limit_s=1)))
    assert not Step(id="prompt/0", args=Prompt(text="a")).asks_the_same(
        Step(id="prompt/0", args=Prompt(text="b"))
    )


@pytest.mark.parametrize("name", ["a", "2026-03-01", "weekly_7.b", "x" * 100])
def test_plain_names_can_name_a_run(name: str) -> None:
    """Letters, digits, dots, dashes and underscores."""
    assert checked_run_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "-x",
        "a/b",
        "../x",
        "a b",
        "a\n",
        "a\x00",
        "ä",
        "视频",
        "x" * 101,
        "a%2f",
        "a\\b",
    ],
)
def test_strange_names_are_bad_input(name: str) -> None:
    """Nothing that could leave the store's folder, or be no file name, names a run."""
    with pytest.raises(BadInput, match="run id"):
        checked_run_id(name)


@given(st.text(max_size=200))
def test_an_upload_is_named_by_its_content_whatever_the_file_is_called(name: str) -> None:
    """The key is short, begins with the digest, and holds nothing that a path could mean."""
    key = Media(name=name or "x", digest="ab" * 32, size=1, kind="image", ext="png").upload_name
    assert key.startswith("abababababab-")
    assert key.endswith(".png")
    assert len(key) <= 12 + 1 + 60 + 4
    assert not set(key[:-4]) & set("/\\.\x00\n\"' ")
