"""Every variable of the environment is read once, and a bad one is named in one sentence."""

from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.settings import (
    VENDOR_API,
    PollingSettings,
    Settings,
    checked_url,
    fingerprint,
    is_loopback,
    origin_of,
)


def given(**env: str) -> Settings:
    return Settings.from_environment({"HOME": "/nowhere", **env})


def test_defaults() -> None:
    """Nothing set means the vendor's service, the documented rhythm, and the user's home."""
    settings = given()
    assert settings.api_url == VENDOR_API == "https://mega-api-prod.nemovideo.ai"
    assert settings.web_url == "https://nemovideo.com"
    assert (settings.token, settings.client_id, settings.platform) == (None, None, None)
    assert settings.config_dir == Path("/nowhere/.config/nemovideo")
    assert settings.store == "/nowhere/nemovideo"
    assert settings.pace.rate_limit_s == 30
    assert settings.pace.poll_s is settings.pace.reconcile_s is None
    assert settings.service == "vendor"


def test_all_variables() -> None:
    """Each variable reaches its setting, without the spaces around it."""
    settings = given(
        NEMO_TOKEN=" nmv_usr_x \n",
        NEMO_API_URL="https://api.example/base/",
        NEMO_WEB_URL="http://localhost:3000",
        NEMO_CLIENT_ID="c-1",
        SKILL_SOURCE="clawhub",
        NEMOVIDEO_STORE="s3://bucket/x",
        NEMOVIDEO_ALLOW_HTTP="1",
        NEMOVIDEO_POLL_SECONDS="0.5",
        NEMOVIDEO_RECONCILE_SECONDS="0",
        NEMOVIDEO_RATE_LIMIT_SECONDS="86400",
    )
    assert (settings.token, settings.client_id) == ("nmv_usr_x", "c-1")
    assert (settings.api_url, settings.web_url) == (
        "https://api.example/base",
        "http://localhost:3000",
    )
    assert (settings.platform, settings.store) == ("clawhub", "s3://bucket/x")
    assert settings.allow_http
    pace = settings.pace
    assert (pace.poll_s, pace.reconcile_s, pace.rate_limit_s) == (0.5, 0, 86_400)
    assert "nmv_usr_x" not in repr(settings)


@pytest.mark.parametrize("value", ['"{}"', "'{}'", "{}\r", "  {} ", '"{}"\r\n'])
def test_what_an_env_file_leaves_around_a_value_is_no_part_of_it(value: str) -> None:
    """Containers read such files without a shell: quotes and carriage returns stay in."""
    settings = given(
        NEMO_API_URL=value.format("https://api.example"),
        NEMO_TOKEN=value.format("nmv_usr_x"),
        NEMOVIDEO_STORE=value.format("/data/my store"),
        NEMOVIDEO_ALLOW_HTTP=value.format("1"),
    )
    assert (settings.api_url, settings.token) == ("https://api.example", "nmv_usr_x")
    assert (settings.store, settings.allow_http) == ("/data/my store", True)


def test_empty_is_unset() -> None:
    """A variable that is set to nothing counts as not set."""
    names = (
        "NEMO_TOKEN NEMO_API_URL NEMO_WEB_URL NEMO_CLIENT_ID SKILL_SOURCE NEMOVIDEO_STORE "
        "NEMOVIDEO_ALLOW_HTTP NEMOVIDEO_POLL_SECONDS NEMOVIDEO_RECONCILE_SECONDS "
        "NEMOVIDEO_RATE_LIMIT_SECONDS"
    )
    assert given(**dict.fromkeys(names.split(), "")) == given()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEMO_TOKEN", "two words"),
        ("NEMO_TOKEN", "tök"),
        ("NEMO_TOKEN", "a\nb"),
        ("NEMO_CLIENT_ID", "ü"),
        ("NEMO_CLIENT_ID", "a\r\nX-Evil: 1"),
        ("SKILL_SOURCE", "龙"),
        ("NEMOVIDEO_ALLOW_HTTP", "maybe"),
        ("NEMOVIDEO_POLL_SECONDS", "soon"),
        ("NEMOVIDEO_POLL_SECONDS", "-1"),
        ("NEMOVIDEO_POLL_SECONDS", "nan"),
        ("NEMOVIDEO_POLL_SECONDS", "inf"),
        ("NEMOVIDEO_RECONCILE_SECONDS", "1s"),
        ("NEMOVIDEO_RATE_LIMIT_SECONDS", "86401"),
        ("NEMO_API_URL", "api.example"),
        ("NEMO_API_URL", "ftp://api.example"),
        ("NEMO_API_URL", "https://"),
        ("NEMO_API_URL", "https://:443"),
        ("NEMO_API_URL", "https://h:port"),
        ("NEMO_API_URL", "https://h:99999"),
        ("NEMO_API_URL", "https://[::1"),
        ("NEMO_API_URL", "https://h/a b"),
        ("NEMO_API_URL", "https://h\n.example"),
        ("NEMO_API_URL", "https://h\x00"),
        ("NEMO_API_URL", "https://user:pw@h"),
        ("NEMO_API_URL", "https://@h"),
        ("NEMO_API_URL", "https://h?x=1"),
        ("NEMO_API_URL", "https://h/?"),
        ("NEMO_API_URL", "https://h#top"),
        ("NEMO_API_URL", "http://api.example"),
        ("NEMO_API_URL", "http://10.0.0.1:8000"),
        ("NEMO_API_URL", "http://localhost.example"),
        ("NEMO_WEB_URL", "http://web.example"),
        ("NEMO_WEB_URL", "nonsense"),
    ],
)
def test_bad_values(name: str, value: str) -> None:
    """A bad value raises one sentence that names its variable and holds no password."""
    with pytest.raises(BadInput, match=name) as caught:
        given(**{name: value})
    assert "\n" not in caught.value.sentence
    assert "pw" not in caught.value.sentence


def test_a_token_says_where_it_came_from() -> None:
    """The sentence that asks for another one names the variable, the block or the argument."""
    assert given(NEMO_TOKEN="t").token_source == "NEMO_TOKEN"
    mine = given(NEMO_TOKEN="t").signed_in(token="u", token_source="the block 'mine'")
    assert (mine.token, mine.token_source) == ("u", "the block 'mine'")
    assert given(NEMO_TOKEN="t").signed_in().token_source == "NEMO_TOKEN"


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_http_is_allowed_on_request(value: str) -> None:
    """NEMOVIDEO_ALLOW_HTTP permits http inside a private network."""
    settings = given(NEMO_API_URL="http://api.internal:80", NEMOVIDEO_ALLOW_HTTP=value)
    assert settings.service == "http://api.internal"
    with pytest.raises(BadInput, match="NEMO_API_URL must be https") as caught:
        given(NEMO_API_URL="http://api.internal", NEMOVIDEO_ALLOW_HTTP="no")
    assert caught.value.remedy is Remedy.ALLOW_HTTP


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("127.0.0.1.example", False),
        ("localhost.example", False),
        ("2130706433", False),
        ("0x7f.1", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback(host: str, here: bool) -> None:
    """Only this machine's own names and addresses are loopback."""
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://mega-api-prod.nemovideo.ai", "vendor"),
        ("https://MEGA-api-prod.nemovideo.ai:443/", "vendor"),
        ("https://mega-api-prod.nemovideo.ai:8443", "https://mega-api-prod.nemovideo.ai:8443"),
        ("https://api.example/base", "https://api.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_service(url: str, service: str) -> None:
    """The service is the vendor's, or another origin; `local` where the emulator says so."""
    settings = given(NEMO_API_URL=url)
    assert settings.service == service
    assert settings.model_copy(update={"service_name": "local"}).service == "local"


def test_origin() -> None:
    """Origins compare without paths, cases and usual ports."""
    assert (
        origin_of("HTTPS://H.example:443/a?b")
        == origin_of("https://h.example")
        != origin_of("http://h.example")
    )


def test_checked_url_shortens() -> None:
    """A long bad URL does not flood its sentence."""
    with pytest.raises(BadInput) as caught:
        checked_url("x" * 5000, "NEMO_API_URL", allow_http=False)
    assert len(caught.value.sentence) < 200


def test_fingerprint() -> None:
    """A secret is known by a short digest."""
    assert fingerprint("nmv_usr_x") != fingerprint("nmv_usr_y")
    assert len(fingerprint("x")) == 12


@pytest.mark.parametrize(
    ("url", "quick"),
    [
        ("http://127.0.0.1:8765", True),
        ("http://localhost:8765", True),
        ("http://[::1]:8765", True),
        ("https://127.0.0.1:8765", False),
        ("http://service.internal", False),
        ("https://api.example.com", False),
    ],
)
def test_a_service_on_this_machine_is_asked_at_a_quick_rhythm(url: str, quick: bool) -> None:
    """Whichever door names it; what is set stays, and the documented rhythm is the vendor's."""
    pace = PollingSettings().at(url)
    assert (pace.poll_s is not None, pace.reconcile_s is not None) == (quick, quick)
    given = PollingSettings(poll_s=7.0, reconcile_s=8.0)
    assert given.at(url) == given
