"""A notifications.toml of a test, and the secret that it names."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

__all__ = ["SIGNING_SECRET", "write_channels"]

SIGNING_SECRET: Final = "whsec_" + base64.b64encode(b"canary-signing-5Hq8wYt3Zn1c").decode()


def write_channels(folder: Path, text: str, *, secret: str = SIGNING_SECRET) -> Path:
    """A notifications.toml with `text` in the account's folder, and the secret that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("notifications.toml", text), ("signing.key", secret)):
        path = folder / name
        path.write_text(content)
        path.chmod(0o600)
    return folder / "notifications.toml"
