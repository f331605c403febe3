"""What a person can do about an error, in the words of the command line."""

from __future__ import annotations

from importlib import metadata
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import Remedy, Wording

__all__ = ["CLI_WORDING", "fault_wording"]

_PACKAGE: Final = "nemovideo-nodes"
_TRACKERS: Final = ("issues", "issue tracker", "bug tracker", "tracker")

CLI_WORDING: Final[Wording] = MappingProxyType(
    {
        Remedy.RETRY: "Nothing is lost: run the same command again to go on",
        Remedy.RESEND: "Look at the session (nemovideo show {run_id}); add --resend to retry "
        "the step, which may be paid for twice",
        Remedy.HAND_OVER: "Look at the publisher: where it has the post, say so with nemovideo "
        "resume {run_id} --handed-over; where it has not, nemovideo resume {run_id} --resend hands "
        "it over again",
        Remedy.AGAIN: "Use --again to make a new one",
        Remedy.REFINE: "Say with nemovideo refine {run_id} what is missing, or use --again to "
        "start over",
        Remedy.ANSWER: "Answer with nemovideo refine {run_id} -p 'YOUR ANSWER'",
        Remedy.FINISH_FIRST: "Bring it to its end first: nemovideo resume {run_id}",
        Remedy.ACCOUNT: "Use the token (NEMO_TOKEN) or the client id (NEMO_CLIENT_ID) that it was "
        "begun with; where that account has a new token, say so: nemovideo resume {run_id} "
        "--same-account; to start over, use --again",
        Remedy.SERVICE: "Set NEMO_API_URL to the service that it was begun at",
        Remedy.TOKEN: "Set a valid token in {source}, or unset it to get an anonymous one, and run "
        "the same command again",
        Remedy.CREDITS: "Add credits to the account, then run the same command again",
        Remedy.PLAN: "Move the account to a plan that includes export, then run the same command "
        "again",
        Remedy.GIVE_MEDIA: "Give at least one picture, or say with --prompt what to make",
        Remedy.GIVE_PROMPT: "Say with --prompt what to make",
        Remedy.RUN_ID: "nemovideo runs lists the runs; --store names another store",
        Remedy.NEW_RUN_ID: "Give another --run-id",
        Remedy.STORE: "Give another one with --store or NEMOVIDEO_STORE",
        Remedy.API_URL: "Check NEMO_API_URL",
        Remedy.ALLOW_HTTP: "Inside a private network, NEMOVIDEO_ALLOW_HTTP=1 permits http",
        Remedy.ALLOW_NETWORK: "NEMOVIDEO_MEDIA_NETWORKS names networks of your own that may be "
        "fetched from",
        Remedy.CONTINUE_FLOW: "Let the flow that put it together go on with it",
        Remedy.RELEASE: "nemovideo release {run_id} permits it; or wait for the next day, and run "
        "the same command again",
        Remedy.APPROVE: "Approve it with nemovideo approve {run_id}; --change 'TEXT' asks for a "
        "change, --reject ends it",
        Remedy.UPDATE: "Update nemovideo_nodes, then run the same command again",
        Remedy.REPORT: "Please report it; nothing is lost: run the same command again to go on",
    }
)


def fault_wording() -> Wording:
    """The words for a fault of the program: where to report it, and which version has it."""
    version, tracker = "", ""
    try:
        version = f" {metadata.version(_PACKAGE)}"
        for line in metadata.metadata(_PACKAGE).get_all("Project-URL") or ():
            label, _, url = line.partition(",")
            if label.strip().lower() in _TRACKERS:
                tracker = url.strip()
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        pass
    where = f"at {tracker}" if tracker else f"to whoever gave you {_PACKAGE}"
    return {
        **CLI_WORDING,
        Remedy.REPORT: f"Please report this line {where} ({_PACKAGE}{version}); nothing is lost: "
        "run the same command again to go on",
    }
