"""A real Prefect beside emulators that can be held at an exact moment of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moments
from moments import MOMENTS, QUICK, Emulators, Moment, sign_in
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_server import PrefectServer
from pydantic import SecretStr
from shell import Service
from stage import make_pictures

import prefect_flows
from nemovideo_nodes.prefect import NemoVideoCredentials

__all__ = [
    "AUTOMATIONS",
    "EVERYBODY",
    "Held",
    "Studio",
    "automations_within",
    "block_of",
    "open_studio",
]

AUTOMATIONS = Path(prefect_flows.__file__).with_name("automations.yaml")
EVERYBODY = "everybody"
"""The credentials of the emulator that no test holds."""


class Held(moments.Held):
    """A flow run whose emulator holds it at a moment."""

    def __init__(self, studio: Studio, moment: Moment, slug: str) -> None:
        super().__init__(studio.services[block_of(moment.name)], moment)
        self.parameters = studio.parameters(slug, credentials=block_of(moment.name))
        self.flow_run = studio.start(self.parameters)


@dataclass(frozen=True, kw_only=True)
class Studio(Emulators):
    """What a test of the real Prefect has at hand."""

    prefect: PrefectServer
    deployment: str
    """The id of the deployment of `image_to_video`."""
    automations: list[dict[str, Any]]
    """Those that the page's commands made; they are gone again."""

    @property
    def service(self) -> Service:
        """The emulator that no test holds."""
        return self.services[EVERYBODY]

    def parameters(self, slug: str, **more: Any) -> dict[str, Any]:
        """What makes a short video of two pictures; the prompt tells it from others."""
        return {
            "images": self.pictures,
            "prompt": f"A 2 second video, titled {slug!r}",
            "slug": slug,
            "credentials": EVERYBODY,
            **more,
        }

    def start(self, parameters: Mapping[str, Any], **more: object) -> str:
        """A flow run of `image_to_video`; its id."""
        return self.prefect.start_run(self.deployment, parameters, **more)

    def start_looked_at(self, slug: str, looks: int = 1) -> str:
        """A flow run of `iterate_video` that stops so often for a person; its id."""
        deployment = self.prefect.deployment("iterate-video/iterate-video")
        return self.prefect.start_run(deployment, self.parameters(slug, look=looks))

    def close(self) -> None:
        self.prefect.stop()
        for service in self.services.values():
            service.kill()


def automations_within(seconds: int, folder: Path) -> Path:
    """The automations of the package in a file, but they wait only so long for a lost run."""
    text = AUTOMATIONS.read_text("utf-8")
    for shipped in ("within: 120\n", "within: 600\n"):
        assert shipped in text
        text = text.replace(shipped, f"within: {seconds}\n")
    file = folder / AUTOMATIONS.name
    file.write_text(text, "utf-8")
    return file


def block_of(moment: str) -> str:
    """The credentials that lead to the emulator of a moment."""
    return moment.replace("_", "-")


def open_studio(
    folder: Path,
    film: Path,
    *,
    database: str = "",
    env: Mapping[str, str] = {},
    options: Sequence[str] = (),
    jobs: int = 1,
    render_s: float = 0.0,
    moments: Sequence[Moment] = MOMENTS,
) -> Studio:
    """Start Prefect with the deployments, an emulator for everybody, and one for each moment.

    `env` and `options` are its server's.
    """
    names = [EVERYBODY, *(block_of(moment.name) for moment in moments)]
    services = {
        name: Service(folder / "worlds" / name, film, 0.0, jobs=jobs, render_s=render_s)
        for name in names
    }
    tokens = {name: sign_in(service.start()) for name, service in services.items()}
    store = folder / "store"
    env = {"NEMOVIDEO_STORE": str(store), **QUICK, **env}
    prefect = PrefectServer(folder / "prefect", env, database)
    try:
        prefect.start(*options)
        automations = prefect.deploy()
        with temporary_settings({PREFECT_API_URL: f"{prefect.url}/api"}):
            for name, token in tokens.items():
                block = NemoVideoCredentials(token=SecretStr(token), api_url=services[name].url)
                block.save(name, overwrite=True)
        deployment = prefect.deployment("image-to-video/image-to-video")
    except BaseException:
        prefect.stop()
        for service in services.values():
            service.kill()
        raise
    pictures = make_pictures(folder / "pictures")
    return Studio(
        services=services,
        tokens=[*tokens.values()],
        store=store,
        pictures=pictures,
        prefect=prefect,
        deployment=deployment,
        automations=automations,
    )
