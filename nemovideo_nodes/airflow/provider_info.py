"""What Airflow reads of this provider, by the entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any

__all__ = ["get_provider_info"]

_NAME = "NemoVideo"
_PACKAGE = "nemovideo_nodes.airflow"


def get_provider_info() -> dict[str, Any]:
    """The provider, valid against Airflow's own `provider_info.schema.json`."""
    return {
        "package-name": "nemovideo-nodes",
        "name": _NAME,
        "description": "Pictures and an instruction into a finished, checked video.",
        "integrations": [
            {
                "integration-name": _NAME,
                "external-doc-url": "https://nemovideo.com",
                "tags": ["service"],
            }
        ],
        "connection-types": [_connection_type()],
        "hooks": _modules("hooks"),
        "operators": _modules("operators", "video", "content", "calendar_results", "notifying"),
        "sensors": _modules("sensors"),
        "triggers": _modules("triggers"),
        "extra-links": [f"{_PACKAGE}.links.RunLink"],
        "config": _config(),
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    modules = [f"{_PACKAGE}.{name}" for name in names]
    return [{"integration-name": _NAME, "python-modules": modules}]


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "nemovideo",
        "hook-name": _NAME,
        "hook-class-name": f"{_PACKAGE}.hooks.NemoVideoHook",
        "ui-field-behaviour": {
            "hidden-fields": ["login"],
            "relabeling": {"password": "Token", "host": "API address", "schema": "https or http"},
            "placeholders": {
                "host": "empty: NemoVideo's own service",
                "password": "empty: an anonymous account, made at the first use",
                "schema": "https",
            },
        },
        "conn-fields": {
            "local": _field(
                "Local emulator",
                "Run against the emulator beside the store: no account, no network.",
                "boolean",
            ),
            "store": _field(
                "Store", "Where runs and videos are kept: a folder, or an s3:// address.", "string"
            ),
            "approval": _field(
                "Approval",
                "What a person has to approve, such as: before_export within 3d. Empty: nothing.",
                "string",
            ),
            "run_budget": _field(
                "Run budget",
                "The most credits of one run; what does not fit is held for a person.",
                "number",
            ),
            "day_budget": _field(
                "Day budget",
                "The most credits of the account in one day (UTC), of the runs in one store.",
                "number",
            ),
            "web_url": _field("Web address", "The site that links for people lead to.", "string"),
            "client_id": _field(
                "Client id",
                "Of an anonymous account, where there is no token.",
                "string",
                "password",
            ),
        },
    }


def _field(label: str, description: str, kind: str, shown_as: str | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [kind, "null"]}
    if shown_as:
        schema["format"] = shown_as
    return {"label": label, "description": description, "schema": schema}


def _config() -> dict[str, Any]:
    def option(description: str, example: str) -> dict[str, Any]:
        return {
            "description": description,
            "version_added": "1.0.0",
            "type": "string",
            "example": example,
            "default": "",
        }

    return {
        "nemovideo": {
            "description": "Runs and videos of NemoVideo.",
            "options": {
                "store": option(
                    "Where runs and videos are kept, where neither the task nor its connection "
                    "names a store: a folder, or an s3:// address. Workers, triggerers and the API "
                    "server all need to reach it. Empty: NEMOVIDEO_STORE, then ~/nemovideo.",
                    "/srv/nemovideo",
                ),
            },
        }
    }
