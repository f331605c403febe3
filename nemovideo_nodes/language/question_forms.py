"""Forms of questions that name the video, its parts or the price: they ask, whatever else they say.

`questions` holds the tables by words; these are the forms for what no table can list. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from nemovideo_nodes.language.question_forms_zh import ABOUT_COST_ZH, ABOUT_VIDEO_ZH

__all__ = ["ABOUT_COST", "ABOUT_VIDEO", "LEAD", "VIDEO", "Forms"]

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
    "duration orientation version versions project edit edits draft export render upload uploads"
)
"""What the video and its parts are called."""

_THING: Final = (
    r"(?:(?:current|new|last|first|second|third|other|whole|final|background|\d(?:st|nd|rd|th)) )*"
    rf"(?:{'|'.join(VIDEO.split())})"
)
_SOMETHING: Final = (
    rf"there(?: still| already)?(?: {_THING}| (?:any|some)thing|$| (?:any|an?|no|some|enough"
    rf"|only(?: \w+)?|just(?: \w+)?) (?:{_THING}|(?:error|problem|issue|delay|mistake|watermark"
    r"|logo|voice-?over|narration)s?))"
)
_OURS: Final = (
    rf"(?:(?:it|everything)(?!'s\b| called\b| time (?:for|to)\b)|{_SOMETHING}"
    rf"|(?:the|my|our|your|this|that|these|those|all|all of)(?: the| my| our)?(?: two| three"
    rf"| four| five| \d+)? {_THING}|(?:the|my|our) (?:logo|watermark|files"
    r"|link|quality|order|spelling|volume))\b"
)
_SHOWN: Final = (
    r"(?:(?:any|an?|the|my|our|some|no) )?(?:sound|logo|link|watermark|(?:black|white) (?:bars?"
    rf"|borders?|lines?)|(?:\w+ )?{_THING})\b"
)
"""What a video may have, said in any way."""
_MANY: Final = (
    r"(?:all )?(?:of )?(?:the|my|our|these|those)(?: other| new| last| first)? (?:videos|movies"
    r"|films|clips|files|tracks|scenes|shots|slides|pictures|photos|images|pics|songs|titles"
    r"|captions|subtitles|texts|transitions|effects|frames|uploads)"
)
_SCREENS: Final = (
    r"(?:tiktok|instagram|insta|facebook|youtube|reels|shorts|stories|whatsapp|linkedin|pinterest"
    r"|twitter|snapchat|(?:my |an? )?(?:iphones?|ipads?|androids?|mobiles?|phones?|macs?|windows|pc"
    r"|tv|computer|laptop))"
)
_WONDER: Final = (
    r"^(?:(?:so|and|ok|okay|well|but|hey|hi|hello|please|also|just) )*"
    r"(?:(?:can|could|would|will) you (?:please )?(?:tell|check|confirm|verify|say|see)"
    r"(?: (?:to |for )?(?:me|us))?|(?:i |we )?(?:just )?want(?:ed)? to (?:ask|check|know|see"
    r"|make sure)|(?:i am|i'm|i was|just|we were) (?:just )?wondering|i (?:just )?wonder"
    r"|(?:i|we)(?:'d| would) (?:like|love) to know|do you know|any idea|tell (?:me|us)"
    r"|(?:please )?let (?:me|us) know)"
)
_BE: Final = (
    "(?:is|are|was|were|do|does|did|has|have|had|will|isn't|aren't|wasn't|weren't|doesn't|didn't"
    "|hasn't|haven't)"
)
_NO_REQUEST: Final = (
    r"(?!.*\b(?:possible|if|should|would|could|can|may|might|best|better|recommend|suggest|cost"
    r"|(?:ok|okay|fine|alright|good|allowed|able|like) (?:to|for)|too \w+ to|time is it|know"
    r"|you (?:want|think|like|love|prefer)"
    r"|for you)\b)"
)
"""Advice and permission are asked for before a change: such a question is for the agent."""
_ASK: Final = LEAD + _NO_REQUEST
_LEAD_WHAT: Final = rf"{LEAD}(?:what|which) "
_CAN_YOU: Final = r"^(?:please |(?:can|could|would|will) you (?:please )?)*"
_WORK: Final = (
    r"(?:it|this|that|(?:a|an|one|the|another|each|every|one more)(?: more| new| small"
    r"| next| last)? (?:change|edit|video|clip|message|render|export|revision|version)"
    r"|(?:changes|edits|videos|messages|editing|rendering|exporting|exports))"
)
_COST_OF: Final = (
    r"(?: (?:me|us|extra|again|now|more|in total|each|altogether))*(?:$| (?:of|for|per|to|if) .*"
    rf"\b(?:it|this|that|{_THING}|change|edits?|another|more|again)$)"
)
"""After "the cost": nothing, or what is made here ("the cost of freedom" is a subject)."""


@dataclass(frozen=True)
class Forms:
    """Alternatives that are compiled when a text may first have one: that takes a third of a start.

    `opens` finds what each text that has one of them begins with, or holds.
    """

    opens: re.Pattern[str]
    forms: tuple[str, ...]

    def search(self, text: str) -> re.Match[str] | None:
        """Where the text has one of them, as of a pattern."""
        return self._pattern.search(text) if self.opens.search(text) else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self.forms), re.ASCII)


_OPENERS: Final = re.compile(
    r"^(?:so|and|ok|okay|well|but|hey|hi|hello|now|please|also|then|just|i|we|i'm|i'd|we'd|do|does"
    r"|did|is|are|was|were|am|has|have|had|will|would|can|could|may|isn't|aren't|wasn't|weren't"
    r"|doesn't|didn't|hasn't|haven't|what|what's|whats|which|whose|who|who's|where|where's|when"
    r"|when's|why|how|how's|remind|let|tell|give|show|read|print|view|display|send|describe"
    r"|summari[sz]e|list|explain|any|anyone|anybody|someone|somebody|you|it's|still|not|almost|nearly"
    r"|by|since|top|(?:(?:the|your|an?)(?: \w+)? )?(?:eta|updates?|news|progress|words?|prices?"
    r"|pricing|costs?))\b",
    re.ASCII,
)
_CHINESE: Final = re.compile("[一-鿿]")


_ABOUT_VIDEO: Final = (
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
    r"^(?:please )?let (?:me|us) know (?:when|what|how|if|whether|the status)\b"
    r"(?!.*\b(?:you (?:want|think|like|need|prefer)|your|comments?)\b)",
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
    # "Do the transitions work?", but not "do the transitions slower" or "do the titles last"
    rf"{_ASK}do {_MANY} (?:all |still |really |even )?(?:work|look|match|fit|play|move|show|have"
    r"|appear|contain|start|end|begin|loop|overlap|seem|sound|include|use|change|fade|stay|need|go"
    r"|come|cover|say)\b(?! to\b)",
    # "Have the pictures arrived?", but not "have the pictures fade in" or "have the title changed"
    rf"{_ASK}have {_MANY} (?:all |already |really )*(?:arrived|come (?:in|through)|gone"
    r"(?: through| up)?|finished|loaded|disappeared|made it|got(?:ten)? (?:there|through|lost)"
    r"|uploaded(?: yet| already| ok| fine| correctly)?$)",
    rf"{_ASK}did you (?:get|receive|see|leave out|skip|forget|miss|drop|change|add|use|remove|cut"
    rf"|include|delete|keep|lose|crop|replace|try) (?:{_OURS}|(?:any|some|all)(?: of)? {_SHOWN})",
    rf"{_ASK}have you (?:received|seen|left out|skipped|forgotten|changed|added|used|removed"
    rf"|included) (?:{_OURS}|(?:any|some|all)(?: of)? {_SHOWN})|{_ASK}did you start(?: yet| it)*$",
    rf"{_ASK}which {_THING} (?:did|have) (?:you|i|we)\b",
    rf"{_ASK}(?:is|was|has) (?:anything|something|everything)(?: been)? (?:left out|missing|lost"
    r"|removed|cut off|changed)\b",
    rf"{LEAD}what did (?:i|we) (?:ask(?: you)?(?: for)?|order|say|write|upload|send|tell you)"
    r"(?: last| first| before)*$",
    rf"{LEAD}what (?:was|were|is) (?:my|the) (?:(?:last|first|previous|original) )?(?:instructions?"
    r"|prompts?|requests?|messages?|change)$",
    rf"{LEAD}(?:what(?:'s| is) (?:the )?(?:exact|total|current|final|actual)"
    rf"|how many|what) (?:{_THING}|fps|percent|percentage|%)(?: now)?$",
    rf"{LEAD}(?:what|how many) (?:%|percent|percentage) (?:is|are|of)\b",
    rf"^(?:are there |is there )?any (?:sound|audio|problems?|errors?|issues?|mistakes?)"
    rf"(?: (?:yet|so far|(?:with|in|on) {_OURS}))*$|^any {_THING} in it$",
    rf"{LEAD}what(?:'s| is) the (?:problem|issue|matter)$",
    rf"{_ASK}will (?:(?:the|my|our|this|that) {_THING}|it (?:have|include|contain|show|come with)"
    rf" {_SHOWN}|there be {_SHOWN})",
    rf"{_ASK}will it be (?:ready|done|finished|vertical|horizontal|exported|in (?:hd|4k))\b",
    rf"{_ASK}(?:does|do|will) (?:it|this|that|the {_THING}) (?:work|play|run|fit|open)(?: ok| well"
    rf"| fine)? (?:on|in|for|with) {_SCREENS}$",
    rf"{_ASK}(?:is|was) (?:this|that) (?:already |still |really )?(?:the|my|our) (?:\w+ )?{_THING}"
    r"(?: already| now)?$",
    rf"{LEAD}is there (?:a|any) way to (?:see|check|know|track|watch|find out)\b",
    rf"{LEAD}what(?:'s| is) (?:the |this )?(?:hold ?up|delay|issue|wait)$",
    rf"{LEAD}what(?:'s| is| was) (?:up|going on|wrong|happening|the (?:matter|problem|issue))"
    rf" (?:with|in) {_OURS}",
    rf"{_ASK}why (?:is|does|did|are) (?:it|this|that|you) (?:all )?(?:tak\w+|still|so slow)\b",
    rf"{_ASK}why (?:is|are) there (?:still |so many |such )?{_SHOWN}",
    r"^(?:(?:so|and|but|hey|ok) )*why (?:can't|cannot|can not|don't|do not|didn't|couldn't)"
    r" (?:i|we) (?:hear|see|find|open|play|watch|view|get)"
    rf" (?:it|anything|sound|{_SHOWN}|(?:any|the|my|our) (?:\w+ )?(?:{_THING}|sound))",
    rf"{_ASK}how many {_THING} (?:have|did|were|are|was) (?:you|there|in|on|left|used|we|i)\b",
    rf"{_ASK}how many (?:words|letters|characters|lines) (?:are|is|does|has) .*\b{_THING}",
    rf"{_ASK}how (?:long|many seconds) (?:is|does|do|are|will) (?:each|every|one) {_THING}",
    rf"{LEAD}how (?:much )?long(?:er)? (?:till|until|til|before) (?:it|you|we|that|everything"
    rf"|the {_THING})(?:'s|'re| is| are| will be)? (?:\w+ )?(?:done|ready|finished|complete)\b",
    # "Can you check whether the photos arrived?", "I wonder if it's finished"
    rf"{_WONDER} (?!.*\b(?:should|could|would|can|possible|better|best)\b)(?:(?:if|whether|that"
    rf"|when|why|where|what|how (?:long|far|much|many|big)) {_OURS}|(?!it\b|everything\b){_OURS}"
    r"|(?:if|whether|when) (?:it|that|everything|you))(?:'s|'re|'ve)?(?: all| already| still"
    r"| really)?(?: (?:is|are|was|were|has|have|did|does"
    r"|do|will|work\w*|looks?|takes?|took|arrived|finished|plays?|got|went|done|ready"
    r"|there|uploaded))\b",
    rf"{_WONDER} (?:it|everything)(?:'s| is| has)(?: all)? (?:done|ready|finished|there|working"
    r"|arrived|uploaded)\b",
    rf"{_WONDER} how long (?:it|this|that|the \w+)(?: will| usually)? (?:takes?|took|is|lasts?)\b",
    rf"{_CAN_YOU}(?:describe|explain|tell (?:me|us)) what(?:'s| is) (?:in|on|happening in)"
    rf" {_OURS}$",
    rf"{LEAD}(?:(?:can|could|may) (?:i|we) (?:get|have) )?(?:an?|any)(?: new| quick| small)?"
    rf" (?:update|news|progress|eta|word)s?(?: (?:on|about|for|from) (?:it|this|{_OURS}))?$",
    rf"{LEAD}(?:what(?:'s| is) )?(?:the |your |any |an )?eta(?: please| pls| plz)?$",
    r"^(?:hello |hi |hey )?(?:is )?(?:anyone|anybody|someone|somebody|you|are you)(?: still)?"
    r" (?:there|alive|awake)$",
    rf"{LEAD}what(?:'s| is| was) (?:different|the difference)(?: (?:now|from (?:before|last time"
    rf"|the (?:old|last|previous|first) (?:one|{_THING}))|in (?:it|the {_THING})))*$",
    rf"{LEAD}(?:what comes (?:after|before) |which {_THING} (?:comes|is|goes) )"
    rf"(?:{_OURS}|first|last|next)$",
    rf"{_ASK}(?:is|are|was|were) (?:the|my|our) [\w-]+(?: \w+){{0,2}} (?:of|in|on)"
    r" (?:the|my|our)"
    rf" {_THING}\b|{_ASK}are there (?:two|three|four|five|\d+) {_THING}$",
    rf"{LEAD}(?:by|since) when (?:is|will|has|are) {_OURS}",
    rf"{LEAD}will (?:it|this|that) take (?:much "
    r"|very |a )*(?:long|longer|while|ages)$",
    r"^(?:is it |are we |are you )?(?:almost|nearly) (?:there|done|ready|finished)$",
    rf"{_CAN_YOU}(?:show|send|give) (?:me|us) (?:the|an?|my)(?: current| latest| quick)? (?:draft"
    r"|preview|version|screenshot|state|status)(?: of it)?(?: now)?$",
    rf"{LEAD}which {_THING} is (?:the )?(?:latest|newest|current|missing|new|final)(?: one)?$",
    rf"{LEAD}who (?:picked|chose|wrote|selected|added|changed) (?:it|the {_THING})$",
    rf"{LEAD}who(?:'s| is) (?:singing|playing|speaking|talking)$",
    r"^(?:(?:so|and|ok|hey) )*(?:it's |is it )?(?:still|not)(?: not| still)? (?:rendering"
    r"|processing|uploading|exporting|loading|ready|done|finished|running)(?: yet| already)?$",
    rf"^(?:please )?give (?:me|us) (?:an? |the )?(?:short |quick |brief )?(?:summary|overview"
    rf"|description|list|recap) of {_OURS}(?: so far| now)?$",
    r"^(?:please )?show (?:it to )?(?:me|us)"
    r"(?: (?:the|my|our) (?:current )?(?:draft|version|state))?$",
)
_ABOUT_COST: Final = (
    rf"{LEAD}(?:what|how much|how many credits)(?: (?:does|do|did|will|would|has|is|was))? {_WORK}"
    rf"(?: [\w-]+)? cost\b{_COST_OF}",
    rf"{LEAD}(?:does|do|did|will|would) {_WORK}(?: to \w+)? (?:cost|use|take|charge)"
    r"(?: (?:me|us|any|a lot of|more|extra|my|credits?|money|anything|something))*$",
    rf"{LEAD}(?:why|how come) (?:(?:was|were|did|am|have|do) )?(?:i|we|it|this|that|you)"
    r"(?: (?:was|were|been|get|got|being))* (?:\w+ )?(?:charged?|billed|cost)\b",
    rf"{LEAD}what did (?:you|i|we) spend(?: on (?:it|this))?$",
    rf"{LEAD}is there (?:an? |any |an extra )(?:charge|fee|cost) for {_WORK}",
    rf"{LEAD}do (?:i|we) (?:get|lose|pay|spend)(?: an?| my| any| more)* (?:refund|credits?"
    r"|money back)\b",
    rf"{LEAD}(?:where|how) (?:can|do|could) (?:i|we) (?:see|check|find|view|get|buy)"
    r" (?:my |more |the )?(?:credits?|balance)\b|^is my (?:balance|credit)\b",
    rf"{LEAD}what do (?:i|we) owe(?: you)?$|^(?:the )?(?:price|costs?|pricing|prices)$",
    rf"{LEAD}can (?:i|we) still (?:make|do|get|have) (?:another|more|one more)\b",
    rf"{LEAD}how much (?:for|per) (?:{_WORK}|another one|one more)$",
    rf"{LEAD}what do you charge(?: (?:per|for|an|each) .*)?$",
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
ABOUT_VIDEO: Final = (Forms(_OPENERS, _ABOUT_VIDEO), Forms(_CHINESE, ABOUT_VIDEO_ZH))
ABOUT_COST: Final = (Forms(_OPENERS, _ABOUT_COST), Forms(_CHINESE, ABOUT_COST_ZH))
