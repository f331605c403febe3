"""How often a flow asks a bucket: its tasks go through one run, and read each entry once."""

from __future__ import annotations

from typing import Any

import pytest

from prefect_flows.image_to_video import image_to_video

pytestmark = pytest.mark.xdist_group("prefect")


async def test_a_flow_of_two_pictures_costs_few_requests(
    studio: Any, bucket: str, asked: list[str]
) -> None:
    """At most 100, the probe of the bucket and the pictures' copies among them."""
    result = await image_to_video(studio.images, "A 2 second video", store=bucket)
    assert result.status == "done"
    assert len(asked) <= 100, asked
    assert studio.sent["messages"] == 1
