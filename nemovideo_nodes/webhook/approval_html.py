"""The page on which a person approves what a run shows: HTML for phones and desktops. Pure.

It works without a script. Whatever a user or the service wrote is text in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.ledger.run_result import ApprovalGiven, RunResult

__all__ = ["Files", "approval_page", "plain_page"]

_WORDS: Final = MappingProxyType(
    {
        "en": {
            "approve": "Approve",
            "change": "Ask for the change",
            "reject": "Reject",
            "text": "What to change, or why you reject it",
            "hint": "A change is one more instruction. It costs credits, and you are asked again.",
            "name": "Your name",
            "storyboard": "Storyboard",
            "preview": "Preview",
            "video": "Video",
            "until": "Without an answer by {}, {}.",
            "rejected": "it is rejected",
            "goes on": "the run goes on",
            "nothing": "There is nothing to approve now.",
            "before": "Decided so far",
            "noted": "It is noted; the run goes on from here when it is driven next.",
            "did": {"approve": "approved", "reject": "rejected", "change": "asked for a change"},
            "nobody": "Nobody answered in time",
            "run": "Run {}",
        },
        "zh": {
            "approve": "同意",
            "change": "要求修改",
            "reject": "否决",
            "text": "要修改什么，或为什么否决",
            "hint": "修改会作为一条新指令发送，会消耗积分，之后会再次请您确认。",
            "name": "您的姓名",
            "storyboard": "故事板",
            "preview": "预览",
            "video": "视频",
            "until": "若到 {} 仍无答复，{}。",
            "rejected": "视为否决",
            "goes on": "任务将继续",
            "nothing": "目前没有需要确认的内容。",
            "before": "已作的决定",
            "noted": "已记录，任务下次运行时将据此继续。",
            "did": {"approve": "同意", "reject": "否决", "change": "要求修改"},
            "nobody": "无人按时答复",
            "run": "任务 {}",
        },
    }
)
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c1c1e; --soft: #5c5c62; --ground: #fafaf8;
  --card: #fff; --line: #d9d9d6; --yes: #14693a; --no: #a3261b; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f0; --soft: #b0b0b5;
  --ground: #17171a; --card: #232327; --line: #3d3d43; --yes: #2b8a54; --no: #c4473b; } }
* { box-sizing: border-box; }
body { font: 17px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  margin: 0; padding: 1rem; }
main { max-width: 44rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 1rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: 0 0 .75rem; overflow-wrap: anywhere; white-space: pre-line; }
small, .soft { color: var(--soft); font-size: .9rem; font-weight: 400; }
video, img { display: block; max-width: 100%; max-height: 60vh; margin: 0 0 1rem;
  border-radius: 10px; background: #000; }
form { margin-top: 1.5rem; padding: 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; }
label { display: block; font-weight: 600; margin: 0 0 1rem; }
input, textarea { display: block; width: 100%; font: inherit; font-weight: 400;
  padding: .6rem; margin-top: .3rem;
  color: inherit; background: var(--ground); border: 1px solid var(--soft); border-radius: 8px; }
textarea { min-height: 5.5rem; }
button { font: inherit; font-weight: 600; width: 100%; min-height: 48px; margin-top: .6rem;
  border-radius: 10px; border: 1px solid var(--soft); background: transparent; color: inherit; }
button.yes { background: var(--yes); border-color: var(--yes); color: #fff; }
button.no { color: var(--no); border-color: var(--no); background: transparent; }
button:focus-visible, input:focus-visible, textarea:focus-visible, a:focus-visible {
  outline: 3px solid #2f7bf6; outline-offset: 2px; }
.note { padding: .75rem 1rem; border: 1px solid var(--soft); border-radius: 10px; }
@media (min-width: 40rem) { body { padding: 2rem; } .buttons { display: flex; gap: .75rem; } }
"""


@dataclass(frozen=True)
class Files:
    """What there is to look at, by the names under which the page's own server gives it."""

    storyboard: str = ""
    preview: str = ""
    videos: tuple[str, ...] = ()
    poster: str = ""


def approval_page(
    result: RunResult,
    files: Files,
    *,
    base: str,
    mark: str,
    nonce: str,
    language: str = "en",
    who: str = "",
    note: str = "",
    typed: str = "",
) -> str:
    """The page of a run. `base` is its path, `mark` what its form carries against other sites.

    `who` is for whom the link is; `note` is what was wrong with the last answer, and `typed` its
    text.
    """
    words = _WORDS[language]
    asked = result.approval
    parts = [f'<p class="soft">{escape(str(words["run"]).format(result.run_id))}</p>']
    parts.append(f"<h1>{escape(asked.question if asked else str(words['nothing']))}</h1>")
    if note:
        parts.append(f'<p class="note" role="alert">{escape(note)}</p>')
    if asked is None and (result.approvals or result.error):
        told = result.error if result.status == "stuck" else str(words["noted"])
        parts.append(f"<p>{escape(told or '')}</p>")
    parts += _pictures(files, base, language)
    for line in asked.lines if asked else ():
        parts.append(f"<p>{escape(line)}</p>")
    if asked is not None:
        if asked.until is not None:
            means = words["rejected" if asked.otherwise == "reject" else "goes on"]
            told = str(words["until"]).format(_at(asked.until), means)
            parts.append(f'<p class="soft">{escape(told)}</p>')
        parts.append(_form(asked.seen, base, mark, language, who, typed))
    parts += _given(result.approvals, language)
    title = asked.question if asked else str(words["nothing"])
    return _page(title, "\n".join(parts), nonce, language)


def plain_page(title: str, text: str, nonce: str) -> str:
    """A page that says one thing."""
    return _page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", nonce, "en")


def _pictures(files: Files, base: str, language: str) -> list[str]:
    words = _WORDS[language]
    parts = []
    poster = f' poster="{base}/{files.poster}"' if files.poster else ""
    for name in files.videos:
        parts.append(
            f"<h2>{words['video']}</h2>"
            f'<video controls playsinline preload="metadata"{poster} src="{base}/{name}"></video>'
        )
    if files.preview:
        parts.append(
            f"<h2>{words['preview']}</h2>"
            f'<video controls playsinline preload="metadata" src="{base}/{files.preview}"></video>'
        )
    elif files.storyboard:
        parts.append(
            f'<h2>{words["storyboard"]}</h2><a href="{base}/{files.storyboard}">'
            f'<img alt="{words["storyboard"]}" src="{base}/{files.storyboard}"></a>'
        )
    return parts


def _form(seen: str, base: str, mark: str, language: str, who: str, typed: str) -> str:
    words = _WORDS[language]
    name = (
        ""
        if who
        else f'<label>{words["name"]}<input name="who" maxlength="100" autocomplete="name"></label>'
    )
    # Enter in a field presses the first button of a form, which is disabled: it decides nothing.
    return f"""<form method="post" action="{base}"><button disabled hidden></button>
<input type="hidden" name="seen" value="{seen}"><input type="hidden" name="mark" value="{mark}">
{name}<label>{words["text"]}
<textarea name="text" maxlength="5000">{escape(typed)}</textarea>
<small>{words["hint"]}</small></label>
<div class="buttons">
<button class="yes" name="decision" value="approve">{words["approve"]}</button>
<button name="decision" value="change">{words["change"]}</button>
<button class="no" name="decision" value="reject">{words["reject"]}</button>
</div></form>"""


def _given(given: list[ApprovalGiven], language: str) -> list[str]:
    if not given:
        return []
    words = _WORDS[language]
    did = words["did"]
    assert isinstance(did, dict)
    parts = [f"<h2>{words['before']}</h2>"]
    for one in given:
        who = one.who or str(words["nobody"])
        text = f": {one.text}" if one.text else ""
        parts.append(f"<p>{escape(f'{_at(one.at)} {who}, {did[one.decision]}{text}')}</p>")
    return parts


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _page(title: str, body: str, nonce: str, language: str) -> str:
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style nonce="{nonce}">{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
