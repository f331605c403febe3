"""Scripts: instructions compiled to steps, for quick edit, batch and iterative work. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.request.approval import (
    BEFORE_EXPORT,
    BEFORE_HANDOVER,
    BEFORE_PAYING,
    ApprovalStage,
)
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import Instruction, VideoRequest
from nemovideo_nodes.request.platforms import with_frame
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.steps import (
    AcquireToken,
    Approve,
    Arguments,
    AwaitRender,
    CheckCredits,
    ClaimLink,
    CreateSession,
    Download,
    HandOver,
    Prompt,
    Publish,
    ReadState,
    Step,
    StepName,
    SubmitRender,
    Upload,
)

__all__ = [
    "Mode",
    "check_script",
    "compile_request",
    "compile_script",
    "delivery",
    "hand_overs",
    "is_message",
    "missing_hand_overs",
    "numbered",
    "script_for",
]

Mode = Literal["quick", "batch", "iterate"]
"""`quick`: one video at the end. `batch`: a video of each medium, by its own instruction or the one
that is for all. `iterate`: a video after each instruction."""


def script_for(
    mode: Mode, instructions: Sequence[Instruction], media: tuple[Media, ...], frame: str = ""
) -> tuple[tuple[Instruction, ...], tuple[Media, ...]]:
    """The script of a mode, and the media that come before its first instruction.

    `frame` is the aspect to ask for (`9:16`), or empty. Raises `BadInput`.
    """
    match mode:
        case "quick":
            return (_framed(instructions[0], frame), *instructions[1:]), media
        case "iterate":
            script = [one.model_copy(update={"export": True}) for one in instructions]
            return (_framed(script[0], frame), *script[1:]), media
        case "batch":
            if len(instructions) not in (1, len(media)):
                raise BadInput(
                    f"There are {len(instructions)} prompts for {counted(len(media), 'picture')}: "
                    "give one for each, or one for all"
                )
            each = instructions if len(instructions) > 1 else [*instructions] * len(media)
            return tuple(
                _framed(one, frame).model_copy(
                    update={"media": (medium,), "export": True, "alone": True}
                )
                for one, medium in zip(each, media, strict=True)
            ), ()


def _framed(instruction: Instruction, frame: str) -> Instruction:
    if not frame or not is_message(instruction.text):
        return instruction
    return instruction.model_copy(update={"text": with_frame(instruction.text, frame)})


def is_message(text: str) -> bool:
    """Whether an instruction that begins a video asks the service for it, and may be given more
    words. "How long is it? The frame is 9:16." would be a message.
    """
    from nemovideo_nodes.language.routing import Action, route

    return Action.MESSAGE in route(text, begins=True)


def check_script(
    script: Iterable[Instruction], media: Iterable[Media] = (), *, answers: bool = False
) -> None:
    """Raises `BadInput` for an instruction to upload what nobody has given.

    With `answers` the first one is the answer to a question, which asks for nothing by itself.
    """
    # Imported here, as in `_said`: its tables take a tenth of a start, and a list needs none.
    from nemovideo_nodes.language.routing import Action, route

    given = list(media)
    for number, instruction in enumerate(script):
        given += instruction.media
        if answers and number == 0:
            continue
        if not given and Action.UPLOAD in route(instruction.text):
            raise BadInput(
                f"{instruction.text[:60]!r} asks for an upload, and no file comes with it: "
                "name the files, too"
            )


def compile_request(request: VideoRequest) -> tuple[Step, ...]:
    """All steps of a request: sign in, upload, do what each instruction says, export, publish."""
    said = _said(
        request.script,
        request.media,
        limit_s=request.limits.render_s,
        approval=request.approval,
    )
    return numbered(
        [
            # Before anything leaves this machine.
            *_approved(request.approval, BEFORE_PAYING),
            AcquireToken(),
            CheckCredits(),
            CreateSession(language=request.language),
            *_uploads(request.media, ()),
            *said,
            *_ending(request.post, request.approval),
            *hand_overs(request.post, said),
        ]
    )


def hand_overs(post: Post | None, said: Iterable[Arguments]) -> list[HandOver]:
    """What is handed over to each of the platforms: each video of a batch, else the last one."""
    if post is None or not post.handover:
        return []
    steps = list(said)
    is_batch = any(isinstance(args, Prompt) and args.shows for args in steps)
    videos = sum(isinstance(args, SubmitRender) for args in steps) if is_batch else 1
    # Where one is asked for it is the last one, also after a change.
    renders = [f"{StepName.RENDER}/{number}" for number in range(videos)] if videos > 1 else [None]
    return [
        HandOver(target=post.handover, platform=platform, render=render)
        for render in renders
        for platform in post.targets
    ]


def missing_hand_overs(post: Post, request: VideoRequest, asked: Iterable[Step]) -> list[HandOver]:
    """What a post asks to be handed over, and nothing has asked for before."""
    before = {
        (args.target, args.platform) for step in asked if isinstance(args := step.args, HandOver)
    }
    said = [step.args for step in compile_request(request)]
    return [one for one in hand_overs(post, said) if (one.target, one.platform) not in before]


def compile_script(
    script: Iterable[Instruction],
    asked: Mapping[str, Step],
    *,
    limit_s: float,
    answers: bool = False,
    approval: ApprovalStage | None = None,
) -> tuple[Step, ...]:
    """The steps that more instructions add to those that a run was `asked` for before.

    With `answers` the first one is the answer to a question: it is sent as it stands, whatever
    its words would mean otherwise.
    """
    known = [step.args.media for step in asked.values() if isinstance(step.args, Upload)]
    said = _said(script, known, limit_s=limit_s, is_begun=True, answers=answers, approval=approval)
    is_paid = any(isinstance(one, Prompt) for one in said)
    first = _approved(approval, BEFORE_PAYING) if is_paid else []
    return numbered([*first, *said, *_ending(approval=approval)], asked)


def numbered(arguments: Iterable[Arguments], asked: Iterable[str] = ()) -> tuple[Step, ...]:
    """Steps with the ids `<node>/<n>`, counted on for each node from those in `asked`.

    A wait or a download without a render of its own belongs to the render submitted last.
    """
    counts = Counter(step_id.split("/")[0] for step_id in asked)
    steps = []
    for args in arguments:
        number = counts[args.node]
        counts[args.node] += 1
        if isinstance(args, AwaitRender | Download):
            args = args.model_copy(update={"render": f"render/{counts[StepName.RENDER] - 1}"})
        steps.append(Step(id=f"{args.node}/{number}", args=args))
    return tuple(steps)


def _said(
    script: Iterable[Instruction],
    known: Iterable[Media],
    *,
    limit_s: float,
    is_begun: bool = False,
    answers: bool = False,
    approval: ApprovalStage | None = None,
) -> list[Arguments]:
    from nemovideo_nodes.language.routing import Action, route

    steps: list[Arguments] = []
    uploaded = list(known)
    changed = False
    script = list(script)
    is_batch = _is_batch(script, uploaded)
    for number, instruction in enumerate(script):
        steps += _uploads(instruction.media, uploaded)
        uploaded += instruction.media
        actions = route(
            instruction.text,
            has_files=bool(instruction.media),
            begins=instruction.alone or not is_begun,
        )
        for action in (Action.MESSAGE,) if answers and number == 0 else actions:
            match action:
                case Action.MESSAGE:
                    shows = None
                    if instruction.media and (is_batch or instruction.alone):
                        shows = tuple(m.url or m.upload_name for m in instruction.media)
                    steps += [Prompt(text=instruction.text, shows=shows), ReadState()]
                    changed = is_begun = True
                case Action.EXPORT:
                    steps += _export(limit_s, steps, approval)
                    changed = False
                case Action.CREDITS:
                    steps.append(CheckCredits(stop_when_empty=False))
                case Action.STATE | Action.NOTHING:
                    steps.append(ReadState())
                case Action.UPLOAD:
                    pass  # the files are uploaded already
        if instruction.export and changed:
            steps += _export(limit_s, steps, approval)
            changed = False
    # Nobody asked for this export in so many words.
    last = _export(limit_s, steps, approval, if_changed=True) if changed else ()
    return [*steps, *last]


def _is_batch(script: Sequence[Instruction], known: Sequence[Media]) -> bool:
    """Whether one instruction is for all: each of its videos is of a medium of its own."""
    return (
        len(script) > 1
        and not known
        and len({instruction.text for instruction in script}) == 1
        and all(instruction.media and instruction.export for instruction in script)
    )


def _export(
    limit_s: float,
    before: Sequence[Arguments],
    approval: ApprovalStage | None,
    *,
    if_changed: bool = False,
) -> list[Arguments]:
    """The steps that export what the steps `before` made."""
    asked = _approved(approval, BEFORE_EXPORT)
    if asked and not (before and isinstance(before[-1], ReadState)):
        asked = [ReadState(), *asked]  # what is approved is what was read last
    render = SubmitRender(if_changed=if_changed)
    return [*asked, render, AwaitRender(limit_s=limit_s), Download()]


def _ending(post: Post | None = None, approval: ApprovalStage | None = None) -> list[Arguments]:
    return [
        CheckCredits(stop_when_empty=False),
        ClaimLink(),
        *delivery(post, approval),
    ]


def delivery(post: Post | None = None, approval: ApprovalStage | None = None) -> list[Arguments]:
    """The steps that deliver what was made, and what a person approves of it."""
    return [Publish(post=post), *_approved(approval, BEFORE_HANDOVER)]


def _approved(approval: ApprovalStage | None, stage: ApprovalStage) -> list[Arguments]:
    return [Approve(stage=stage)] if approval == stage else []


def _uploads(media: Iterable[Media], known: Iterable[Media]) -> list[Arguments]:
    """The same picture is uploaded once."""
    names = {medium.upload_name for medium in known}
    new = {m.upload_name: m for m in media if m.upload_name not in names}
    return [Upload(media=medium) for medium in new.values()]
