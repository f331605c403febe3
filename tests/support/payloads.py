"""What the systems send, one sample of each, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.mapped import Mapped
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.resolvers import resolver_of

__all__ = ["NOV_20", "SAMPLES", "a_source", "mapped", "resolved"]

_FOLDER = Path(__file__).parents[1] / "webhook" / "payloads"
SAMPLES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in _FOLDER.glob("*.json")
}
NOV_20 = 1_795_168_800.0


def a_source(system: str, **more: Any) -> Source:
    return Source(name="shop", system=system, **more)


def mapped(source: Source, sample: dict[str, Any]) -> Mapped:
    return Mapper(source).map(sample["payload"], sample["headers"])


async def resolved(source: Source, sample: dict[str, Any]) -> dict[str, Any]:
    config = Config(target={"kind": "here"}, sources={"shop": source})  # type: ignore[arg-type]
    resolver = resolver_of(config, source)
    assert resolver is not None
    return {**sample, "payload": await resolver(sample["payload"], sample["headers"])}
