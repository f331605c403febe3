"""Scripts compiled to steps: quick edit, batch, iterative work, and what comes later."""

from __future__ import annotations

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import Instruction, VideoRequest
from nemovideo_nodes.request.script import (
    Mode,
    check_script,
    compile_request,
    compile_script,
    script_for,
)
from nemovideo_nodes.request.steps import AwaitRender, Download, Prompt, Step

START = ["token/0", "credits/0", "session/0"]


def media(number: int) -> Media:
    return Media(name=f"{number}.png", digest=f"{number:064x}", size=1, kind="image", ext="png")


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [step.id for step in steps]


def test_a_quick_edit_uploads_all_and_exports_once_at_the_end() -> None:
    """Several instructions end in one export."""
    request = VideoRequest(
        media=(media(1), media(2)),
        script=(Instruction(text="make a video"), Instruction(text="add music")),
        profile="p",
    )
    assert ids(compile_request(request)) == [
        *START,
        *("upload/0", "upload/1", "prompt/0", "state/0", "prompt/1", "state/1"),
        *("render/0", "await/0", "download/0", "credits/1", "claim/0", "publish/0"),
    ]


def test_a_batch_gives_each_picture_its_own_instruction_and_render() -> None:
    """Pictures one by one in one session, and each wait and download knows its render."""
    request = VideoRequest(
        script=tuple(
            Instruction(text=f"animate picture {n}", media=(media(n),), export=True) for n in (1, 2)
        ),
        profile="p",
    )
    steps = compile_request(request)
    assert ids(steps)[3:-3] == [
        *("upload/0", "prompt/0", "state/0", "render/0", "await/0", "download/0"),
        *("upload/1", "prompt/1", "state/1", "render/1", "await/1", "download/1"),
    ]
    renders = [s.args.render for s in steps if isinstance(s.args, AwaitRender | Download)]
    assert renders == ["render/0", "render/0", "render/1", "render/1"]


def test_the_router_decides_for_each_instruction() -> None:
    """Credits, state and export are calls of their own; only a wish is a message."""
    request = VideoRequest(
        media=(media(1),),
        script=(
            Instruction(text="how many credits do I have?"),
            Instruction(text="make a video"),
            Instruction(text="status"),
            Instruction(text="export"),
        ),
        profile="p",
    )
    assert ids(compile_request(request))[4:-3] == [
        *("credits/1", "prompt/0", "state/0", "state/1", "render/0", "await/0", "download/0"),
    ]


def test_quoted_text_never_routes() -> None:
    """A title that says Export is a message."""
    request = VideoRequest(script=(Instruction(text='add the title "Export"'),), profile="p")
    said = [s.args.text for s in compile_request(request) if isinstance(s.args, Prompt)]
    assert said == ['add the title "Export"']


def test_nothing_to_say_to_the_agent_exports_nothing() -> None:
    """An export at the end is implied by a change, not by a question."""
    request = VideoRequest(script=(Instruction(text="credits"),), profile="p")
    assert not any(step.id.startswith("render/") for step in compile_request(request))


def test_only_a_message_is_told_the_frame() -> None:
    """A question with the frame behind it would be a message, and be paid for."""
    for text, expected in (
        ("how long is it?", "how long is it?"),
        ("thanks!", "thanks! The frame is vertical 9:16."),
        ("make a video", "make a video. The frame is vertical 9:16."),
    ):
        script, _ = script_for("quick", [Instruction(text=text)], (), "9:16")
        assert script[0].text == expected


def test_thanks_are_a_subject_until_something_was_sent() -> None:
    """A video that is begun with them is about them; behind a message they ask for nothing."""

    def sent(*texts: str, mode: Mode = "quick") -> list[str]:
        given = [Instruction(text=text) for text in texts]
        script, before = script_for(mode, given, (media(1), media(2)))
        steps = compile_request(VideoRequest(script=script, media=before, profile="p"))
        return [step.args.text for step in steps if isinstance(step.args, Prompt)]

    assert sent("Thank you!") == ["Thank you!"]
    assert sent("make a video", "Thank you!", mode="iterate") == ["make a video"]
    assert sent("is it done?", "hi") == ["hi"]
    assert sent("hi", mode="batch") == ["hi", "hi"]


def test_an_upload_of_nothing_is_bad_input() -> None:
    """Unless a file came with it, or before it."""
    with pytest.raises(BadInput, match="no file comes with it"):
        check_script((Instruction(text="上传"),))
    check_script((Instruction(text="upload this", media=(media(1),)),))
    check_script((Instruction(text="upload this"),), (media(1),))
    check_script((Instruction(text='add the title "upload"'),))


def test_a_refinement_counts_on_and_uploads_nothing_twice() -> None:
    """What comes later gets later numbers, in the same session."""
    request = VideoRequest(media=(media(1),), script=(Instruction(text="go"),), profile="p")
    asked = {step.id: step for step in compile_request(request)}
    more = (Instruction(text="slower", media=(media(1), media(2))),)
    assert ids(compile_script(more, asked, limit_s=60)) == [
        *("upload/1", "prompt/1", "state/1", "render/1", "await/1", "download/1"),
        *("credits/2", "claim/1", "publish/1"),
    ]
