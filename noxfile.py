"""The core's tests on each Python that the package supports: `pipx run nox`, by hand.

`make test` runs all tests on one of them.
"""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "uv|virtualenv"

PYTHONS = ["3.11", "3.12", "3.13"]
EXTRAS = ".[calendar,email,emulator,heif,prefect,socks,video,webhook]"


@nox.session(python=PYTHONS)
def core(session: nox.Session) -> None:
    """The core, the command line, the emulator and the documents; arguments go to pytest."""
    groups = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")
    session.install(EXTRAS, *groups)
    # As `make test` does: a busy machine is no fault, and some tests share a server.
    fixed = ("--hypothesis-profile=ci", "-n", "auto", "--dist", "loadgroup")
    session.run("python", "-m", "pytest", "-q", *fixed, *session.posargs)
