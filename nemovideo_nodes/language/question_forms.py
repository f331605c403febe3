"""Forms of questions that name the video, its parts or the price: they ask, whatever else they say.

`questions` holds the tables by words; these are the forms for what no table can list. Pure.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ABOUT_COST", "ABOUT_VIDEO", "LEAD", "VIDEO"]

LEAD: Final = (
    r"^(?:(?:so|and|ok|okay|well|but|hey|hi|hello|now|please|also|then|just|i wonder"
    r"|(?:i|we)(?:'d| would)? (?:want|like|need) to know|(?:i'm|i was|just) wondering"
    r"|do you know|(?:can|could|would|will) you (?:please )?tell (?:me|us)"
    r"|would you mind telling (?:me|us)|remind (?:me|us)|(?:please )?let (?:me|us) know"
    r"|tell (?:me|us)) )*"
)
"""What people say before a question."""
VIDEO: Final = (
    "video videos movie film clip clips file timeline track tracks scene scenes shot shots slide "
    "slides picture pictures photo photos image images pic pics music song soundtrack audio sound "
    "title titles caption captions subtitle subtitles text texts transition transitions effect "
    "effects second seconds minute minutes frame frames format ratio aspect size resolution length "
    "duration orientation version project edit edits draft export render"
)
"""What the video and its parts are called."""

_THING: Final = (
    r"(?:(?:current|new|last|first|second|third|whole|final|background) )*"
    rf"(?:{'|'.join(VIDEO.split())})"
)
_SOMETHING: Final = (
    rf"there(?: still| already)?(?: {_THING}| (?:any|some)thing|$| (?:any|an?|no|some|enough"
    rf"|only(?: \w+)?|just(?: \w+)?) (?:{_THING}|(?:error|problem|issue|delay|mistake|watermark"
    r"|logo|voice-?over|narration)s?))"
)
_OURS: Final = (
    rf"(?:(?:it|everything)(?!'s\b| called\b)|{_SOMETHING}|(?:the|my|our|your|this|that|these"
    rf"|those|all|all of)(?: the| my| our)? {_THING})\b"
)
_BE: Final = (
    "(?:is|are|was|were|do|does|did|has|have|had|will|isn't|aren't|wasn't|weren't|doesn't|didn't"
    "|hasn't|haven't)"
)
_NO_REQUEST: Final = (
    r"(?!.*\b(?:possible|if|should|would|could|can|may|might|best|better|recommend|suggest|cost"
    r"|(?:ok|okay|fine|alright|good|allowed|able|like) (?:to|for)|too \w+ to|time is it|know"
    r"|for you)\b)"
)
"""Advice and permission are asked for before a change: such a question is for the agent."""
_ASK: Final = LEAD + _NO_REQUEST
_LEAD_WHAT: Final = rf"{LEAD}(?:what|which) "
_CAN_YOU: Final = r"^(?:please |(?:can|could|would|will) you (?:please )?)*"
_WORK: Final = (
    r"(?:it|this|that|(?:a|an|one|the|another|each|every|one more)(?: more| new| small)? "
    r"(?:change|edit|video|clip|message|render|export|revision|version)"
    r"|(?:changes|edits|videos|messages|editing|rendering|exporting|exports))"
)
_COST_OF: Final = (
    r"(?: (?:me|us|extra|again|now|more|in total|each|altogether))*(?:$| (?:of|for|per|to|if) .*"
    rf"\b(?:it|this|that|{_THING}|change|edits?|another|more|again)$)"
)
"""After "the cost": nothing, or what is made here ("the cost of freedom" is a subject)."""


def _any(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(forms), re.ASCII)


ABOUT_VIDEO: Final = _any(
    # "Is there any sound?", "did the export fail?", "have my pictures been uploaded?"
    rf"{_ASK}(?!(?:do|have|had|will)\b){_BE} {_OURS}|{_ASK}have {_OURS} been\b",
    # "What stage is it at?", "which song did you use?", "why is there no music?"
    rf"{_ASK}(?:(?:what|which|whose|how)(?: (?!it\b)[\w-]+){{0,3}}|who|where|when|why) {_BE} "
    rf"(?:{_OURS}|you (?:do|add|use|make|change|remove|cut|put|pick|choose)\b)",
    rf"{_ASK}(?:what|who|where|when|how)'s {_OURS}|{_ASK}how come (?:there's|it's|{_OURS})",
    rf"{_ASK}have you (?:already )?(?:started|begun|finished|exported|rendered|uploaded)\b"
    r"(?!.*\byour\b)",
    rf"{_ASK}(?:do you (?:support|speak|understand) (?:4k|8k|hd|hdr|chinese|english|mp4|mov|heic"
    rf"|{_THING})|(?:what|which) \w+ do you (?:support|have|know|speak|take|accept))$",
    rf"{_LEAD_WHAT}(?:fps|bitrate|dimensions?|codec|{_THING})$|{LEAD}what are my options$",
    r"^(?:please )?(?:tell|give|show|read) (?:me|us) (?:the|my|our) (?:length|duration|status"
    r"|progress|state|timeline|tracks?|titles?|texts?|size|format|resolution|ratio)$",
    r"^(?:please )?(?:print|view|display|read) (?:the )?(?:current )?(?:status|progress|state"
    r"|timeline|tracks?)$",
    r"^(?:please )?let (?:me|us) know (?:when|what|how|if|whether|the status)\b",
    rf"{_CAN_YOU}show (?:me|us) (?:what|which|where|how)\b(?!.*\b(?:with|without|if|in|like)\b)",
    rf"{LEAD}who(?: is|'s) the (?:artist|singer|composer)$",
    rf"{_ASK}what(?:'s| is| are|s) the [\w-]+ (?:of|in|on|for) {_OURS}",
    rf"{_ASK}(?:what|which) (?:step|stage|part|phase|point) (?:are|is) (?:we|you|it)\b",
    # "What text is on screen?", "who made the music?"
    rf"{_ASK}(?:what|which|who)(?: [\w-]+){{0,2}} (?:is|are|was|were|comes|plays|appears) (?:on"
    r" (?:the )?(?:screen|timeline)|in (?:it|there|the (?:video|film|clip)))\b",
    rf"{LEAD}who (?:sings|sang|made|wrote|plays|composed) (?:it|the {_THING})$",
    # "Describe the video", "list the titles", "summarize what you did"
    rf"{_CAN_YOU}(?:describe|summari[sz]e|list|explain)(?: (?:to )?(?:me|us))?"
    rf"(?: (?:all|each|every|everything))*(?: (?:of )?(?:it|(?:the |my |our |current )?{_THING}))?"
    r"(?: (?:on|in) (?:it|the (?:timeline|video)))?$",
    rf"{_CAN_YOU}(?:describe|summari[sz]e|explain|list) (?:to (?:me|us) )?(?:what|how|why) "
    r"(?:you|we)(?:'ve)? (?:did|have|made|got|used|changed|added|done)\b",
    r"^(?:please )?show (?:it to )?(?:me|us)"
    r"(?: (?:the|my|our) (?:current )?(?:draft|version|state))?$",
)
ABOUT_COST: Final = _any(
    rf"{LEAD}(?:what|how much|how many credits)(?: (?:does|do|did|will|would|has|is|was))? {_WORK}"
    rf"(?: [\w-]+)? cost\b{_COST_OF}",
    rf"{LEAD}(?:does|do|did|will|would) {_WORK}(?: to \w+)? (?:cost|use|take|charge)"
    r"(?: (?:me|us|any|a lot of|more|extra|my|credits?|money|anything|something))*$",
    rf"{LEAD}how (?:expensive|costly|cheap) (?:is|are|was|were|would|will) {_WORK}\b",
    rf"{LEAD}(?:is|are|was|were) {_WORK} (?:\w+ )?(?:free|expensive|paid|charged|billed)\b",
    rf"{LEAD}what(?:'s| is| are| was) (?:the|your) (?:price|cost|fee|charge|pricing)s?{_COST_OF}",
    rf"{LEAD}(?:did|do|will|have) (?:you|i|we) (?:get |be |been |being )?charged?(?: (?:me|us|twice"
    r"|any|my|credits?|anything|already|again|yet|for (?:it|this|that)))*$",
    rf"{LEAD}(?:was|am|were|are) (?:i|we) (?:being |getting )?(?:charged|billed)\b",
    rf"{LEAD}(?:is|are) there (?:still )?(?:enough credits?|a free (?:plan|trial))\b",
    rf"{LEAD}(?:how|what) (?:do|does) (?:the |my |i get for )?(?:\d+ )?credits?\b",
    rf"{LEAD}how many (?:credits|tokens)\b",
    rf"{LEAD}do (?:i|we) (?:need|have) to (?:upgrade|subscribe|buy more|top up"
    rf"|recharge)(?: credits)?$",
    rf"{LEAD}(?:where|how) (?:can|do|could) (?:i|we) (?:buy|get|add|top up|recharge)"
    r"(?: (?:more|credits?|my|account))*$|^(?:please )?top up$",
    rf"{LEAD}(?:can|could) (?:i|we) get (?:a|my) (?:refund|money back)\b",
    rf"{LEAD}(?:do you charge|(?:will|would) (?:i|we) be charged)\b",
    rf"{LEAD}how many more (?:\w+ )?(?:can|could) (?:i|we)\b",
    rf"{LEAD}when (?:do|does|will|are) (?:my|the|our|i|we) .*\bcredits?\b",
)
