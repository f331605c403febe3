"""The forms of the flows are flat and described; and the flows survive pickling by value."""

from __future__ import annotations

import importlib
import inspect
import pickle
from typing import Any, get_args

import cloudpickle
import pytest
from prefect import Flow
from prefect.utilities.callables import parameter_schema
from prefect.utilities.names import generate_slug

from nemovideo_nodes.prefect.forms import Aspect, Platform, ProfileName, form_value
from nemovideo_nodes.prefect.naming import is_generated, name_from_parameters
from nemovideo_nodes.profiles import BUILT_IN
from nemovideo_nodes.request.platforms import ASPECTS, PRESETS

REQUIRED = {
    "image_to_video": ["images"],
    "batch_images_to_video": ["images", "prompts"],
    "parallel_images_to_video": ["images"],
    "iterate_video": ["images"],
    "scheduled_social_content": ["calendar"],
    "video_from_webhook": ["run_id", "images"],
}


def flow_of(name: str) -> Flow[Any, Any]:
    found: Flow[Any, Any] = getattr(importlib.import_module(f"prefect_flows.{name}"), name)
    return found


@pytest.mark.parametrize("name", REQUIRED)
def test_every_field_of_the_form_is_flat_and_described(name: str) -> None:
    """A sentence each, nothing nested, no union, no secret, little that must be given."""
    flow = flow_of(name)
    schema = parameter_schema(flow)
    assert schema.required == REQUIRED[name]
    assert not schema.definitions
    for field, shape in schema.properties.items():
        assert shape.get("description", "").rstrip().endswith("."), field
        assert "anyOf" not in shape, field
        assert "$ref" not in str(shape), field
        assert "password" not in str(shape), field
        assert "token" not in field
    assert flow.name == name.replace("_", "-")
    assert flow.description
    assert flow.persist_result is None  # the user decides


@pytest.mark.parametrize(
    "name", ["image_to_video", "batch_images_to_video", "parallel_images_to_video", "iterate_video"]
)
def test_profile_platform_and_aspect_are_chosen_from_lists(name: str) -> None:
    """With a default that leaves the matter open."""
    fields = parameter_schema(flow_of(name)).properties
    aspects = get_args(Aspect)[0]
    for field, choices in (("profile", ProfileName), ("platform", Platform), ("aspect", aspects)):
        assert fields[field]["enum"] == list(get_args(choices))
        assert form_value(fields[field]["default"]) == ""


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("image_to_video", ["images", "prompt", "platform", "local"]),
        ("batch_images_to_video", ["images", "prompts", "platform", "local"]),
        ("parallel_images_to_video", ["images", "prompts", "platform", "local", "at_once"]),
        ("iterate_video", ["images", "prompt", "changes", "look", "platform", "local"]),
        ("scheduled_social_content", ["calendar", "timezone", "local", "catch_up_hours"]),
    ],
)
def test_a_form_begins_with_what_most_people_fill_in(name: str, first: list[str]) -> None:
    """What is for rare cases comes last; a positional call binds as ever."""
    flow = flow_of(name)
    fields = parameter_schema(flow).properties
    shown = sorted(fields, key=lambda field: int(fields[field]["position"]))
    assert shown[: len(first)] == first
    assert {"resend", "same_account"} <= set(shown[-5:])
    assert set(shown) == set(inspect.signature(flow.fn).parameters)
    assert "of the credentials" not in [field.get("default") for field in fields.values()]


def test_the_choices_are_those_of_the_core() -> None:
    """No more and no fewer."""
    assert {form_value(one) for one in get_args(Platform)} - {""} == set(PRESETS)
    assert {form_value(one) for one in get_args(get_args(Aspect)[0])} - {""} == set(ASPECTS)
    assert {form_value(one) for one in get_args(ProfileName)} - {""} == set(BUILT_IN)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_flow_survives_pickling_by_value(name: str) -> None:
    """`.serve()` pickles the flow's module by value."""
    flow = flow_of(name)
    module = importlib.import_module(f"prefect_flows.{name}")
    cloudpickle.register_pickle_by_value(module)
    try:
        loaded = pickle.loads(cloudpickle.dumps(flow))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    assert parameter_schema(loaded).model_dump() == parameter_schema(flow).model_dump()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"slug": "spring sale", "platform": "tiktok"}, "spring sale-tiktok"),
        ({"images": ["/a/photos/"], "platform": "any"}, "photos"),
        ({"images": ["https://h.example/cat.png?sig=secret", "b"]}, "cat and 1 more"),
        ({"images": [], "run_id": "morning"}, "morning"),
        ({"images": [], "prompt": "做一个视频"}, "做一个视频"),
        ({"calendar": "/srv/spring-sale.csv"}, "Spring sale"),
        ({"calendar": "https://h.example/march.csv?sig=secret"}, "March"),
        ({}, "video"),
    ],
)
def test_a_flow_run_is_named_by_what_people_look_for(
    parameters: dict[str, Any], expected: str
) -> None:
    """Its slug, or what it is made of, and its platform; a URL's query may be a secret."""
    assert name_from_parameters(parameters) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("spring-sale", False), ("launch", False), ("Monday's video", False), ("", False)],
)
def test_a_name_that_was_typed_is_known(name: str, expected: bool) -> None:
    """Prefect's own names are told from names that people give."""
    assert is_generated(name) is expected
    assert all(is_generated(generate_slug(2)) for _ in range(200))
