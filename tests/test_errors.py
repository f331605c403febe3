"""No secret survives in a sentence, and plain prose does."""

import json
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes import errors
from nemovideo_nodes.errors import (
    NemoVideoError,
    OutOfCredits,
    Refused,
    Remedy,
    ServiceError,
    redact,
    well_formed,
)

SECRET = st.text(
    "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=8, max_size=40
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=20)
SHAPES = (
    "nmv_usr_{0}",
    "x_nmv_usr_{0}",
    "NMVnmv_usr_{0}.",
    "clm_{0}",
    "https://nemovideo.com/workspace/claim?ct=clm_{0}",
    "https://nemovideo.com/?bind=clm_{0}",
    "https://h/files/nmv_usr_{0}/x.mp4",
    "Bearer {0}",
    "authorization: bearer  {0}",
    "'Authorization': 'Bearer {0}'",
    "(b'Authorization', b'Bearer {0}')",
    "Authorization: Basic {0}==",
    "authorization={0}",
    "https://h.example/v.mp4?X-Amz-Signature={0}&X-Amz-Expires=60",
    "https://h.example/v.mp4?a=1&b={0}#t=1",
    "https://h.example/v.mp4#{0}",
    "https://h.example?{0}",
    "http://user:{0}@h.example/x",
    "http://{0}@h.example:8080/x",
    "https://user:p@{0}@h.example/x",
    r"https:\/\/h.example\/v.mp4?sig={0}\u0026x=1",
    "GET /media/v.mp4?sig={0} HTTP/1.1",
    "see <https://h/x?sig={0}>",
    '"https://h/it\'s?sig={0}"',
    "token={0}",
    "token: {0}",
    "TOKEN = '{0}'",
    'access_token="{0}"',
    "api-key={0};",
    "X-Api-Key: {0}",
    "client_secret={0}&x=1",
    "aws_secret_access_key = {0}",
    "password: {0}",
    "Set-Cookie: {0}",
    "NEMO_TOKEN={0}",
    '{{"accessToken": "{0}"}}',
    '{{"token":"a, {0} b"}}',
    '{{"claim_token":"{0}","expires_in":604800}}',
    '{{\\"apiKey\\": \\"{0}\\"}}',
    "eyJ{0}.{0}.{0}",
)


HOSTILE = (
    *("a.a", "eyJaaaaaaaa-", "token ", "a://", "a@", "x?", "x?a", "bearer ", "nmv_", "token=\\"),
    *("authorization: ", "\\", "aaaa", "token_", "token='", " ", "https://", "?a=", "cookies "),
)


@settings(deadline=None, max_examples=250)
@given(st.sampled_from(SHAPES), SECRET, AROUND, AROUND, st.sampled_from([" ", "\n", "\t", ", "]))
def test_no_shape_of_a_secret_survives(
    shape: str, secret: str, before: str, after: str, gap: str
) -> None:
    """A secret in any of these shapes is gone, whatever stands around it; twice is as once."""
    canary = f"Zq{secret}"
    told = redact(before + gap + shape.format(canary) + gap + after)
    assert canary not in told
    assert redact(told) == told


@settings(deadline=None, max_examples=100)
@given(SECRET, AROUND)
def test_known_secrets_are_gone_anywhere(secret: str, around: str) -> None:
    """A secret that is known is taken out wherever it stands."""
    assert secret not in redact(f"{around}{secret}{around}", secret).replace(around, "")


@pytest.mark.parametrize(
    "prose",
    [
        "The token budget is 100 tokens, and a token is no secret.",
        "The service does not accept the token: it has expired or is not valid",
        "Open https://nemovideo.com/workspace and https://h.example:8080/a/b.mp4.",
        "What? Yes: really? a=b",
        "register at https://nemovideo.com/?bind=u_12-34, then run the same command again",
        "register at https://nemovideo.com/?bind=u_12-34",
        'Timeline (1 track): 1. Title: "Urban Dreams" (0-3s)',
        "bearer of good news; signature dish; the cookie jar; secretly",
        "把我的图片变成视频：很好 🎬",
        "name@example.com wrote about C:\\pictures and 5:30",
        "totalTokenCount 10, max tokens 4",
    ],
)
def test_prose_is_unchanged(prose: str) -> None:
    """Words about tokens, and addresses without a query, stay."""
    assert redact(prose) == prose


@settings(deadline=None, max_examples=100)
@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="?#@=:_"), max_size=60
    )
)
def test_text_without_signs_is_unchanged(text: str) -> None:
    """Nothing is a secret without a sign of one."""
    if not {"bearer", "eyj"} & set(text.lower().split()):
        assert redact(text) == text


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=[])))
def test_always_valid_unicode(text: str) -> None:
    """Lone surrogates are replaced, pairs of them joined."""
    redact(text).encode()
    assert well_formed("\ud83c\udfac") == "🎬"


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_terminal_obeys(text: str) -> None:
    """Control characters go, tab and line feed stay, and what they cut apart is seen whole."""
    assert {one for one in redact(text) if unicodedata.category(one) == "Cc"} <= {"\t", "\n"}
    assert redact("one\t\x1b[2Jtwo\x07\r\n\x9b31mthree") == "one\t[2Jtwo\n31mthree"
    assert "s3cr3t" not in redact("nmv_\x00usr_s3cr3t")


@pytest.mark.parametrize(
    "piece",
    [
        "a.a",
        "eyJaaaaaaaa-",
        "token ",
        "a://",
        "a@",
        "x?",
        "x?a",
        "bearer ",
        "nmv_",
        "token=\\",
        "authorization: ",
        "\\",
        "aaaa",
        "token_",
        "token='",
        " ",
        "https://",
        "?a=",
        "cookies ",
    ],
)
def test_long_hostile_texts_cost_their_length(piece: str) -> None:
    """No text makes the patterns run away."""
    begun = time.process_time()
    redact(piece * (100_000 // len(piece)))
    assert time.process_time() - begun < 2


def test_errors_redact_themselves() -> None:
    """A sentence, its repr and its request id hold no secret, however the error was made."""
    error = ServiceError("at https://h/x?sig=CANARY", request_id="nmv_usr_CANARY")
    assert "CANARY" not in f"{error} {error!r} {error.args} {error.request_id} {vars(error)}"
    assert "CANARY" not in NemoVideoError("token=CANARY1").sentence


def test_registration_link_is_for_people() -> None:
    """The `?bind=` of the registration link reaches the user."""
    error = OutOfCredits("Register at https://nemovideo.com/?bind=u-1, then go on", bind="u-1")
    assert "https://nemovideo.com/?bind=u-1," in error.sentence


def test_tree_is_the_one_drawn() -> None:
    """Every error stands in the docstring's tree and in `__all__`."""
    assert errors.__doc__
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert name in errors.__doc__
            assert issubclass(kind, NemoVideoError)
            assert kind.__doc__


def _kinds() -> list[type[NemoVideoError]]:
    every = [getattr(errors, name) for name in errors.__all__]
    return [kind for kind in every if isinstance(kind, type) and issubclass(kind, NemoVideoError)]


def test_retryable_is_what_may_pass() -> None:
    """Only what may succeed with nothing changed is worth a retry."""
    able = {kind.__name__ for kind in _kinds() if kind("It failed").retryable}
    assert able == {
        *("ServiceError", "Unreachable", "OutcomeUnknown", "ServerFailed", "BadAnswer"),
        *("RateLimited", "StoreError", "VideoInvalid"),
    }


def test_code_of_a_kind_is_its_own() -> None:
    """A program can tell the kinds of errors apart by their codes."""
    kinds = [kind for kind in _kinds() if not kind.__subclasses__() or kind is Refused]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)


def test_every_remedy_has_words_in_python() -> None:
    """As text, an error says what happened, and what to do in Python's words."""
    for remedy in Remedy:
        told = str(NemoVideoError("It stopped.", remedy=remedy, run_id="abc"))
        assert told.startswith("It stopped. ")
        assert not any(foreign in told for foreign in ("--", "NEMO_", "nemovideo "))
    assert str(NemoVideoError("It stopped.")) == "It stopped."


def test_json_of_an_error_is_plain() -> None:
    """A sentence goes into any JSON."""
    assert json.loads(json.dumps(NemoVideoError("half \ud83d").sentence)) == "half \ufffd"
