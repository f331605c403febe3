"""Which names of flow runs were typed by a person."""

from __future__ import annotations

import pytest

from nemovideo_nodes.prefect.naming import is_generated


@pytest.mark.parametrize(
    "name", ["brave-otter", "psi3", "psi3-aurigae", "alpha-ursae-majoris-ring"]
)
def test_names_of_prefect_are_known(name: str) -> None:
    """Of its server, and of the form in its UI."""
    assert is_generated(name)


@pytest.mark.parametrize("name", ["summer sale", "sale-2026", "Kaffee", "春季促销"])
def test_a_name_that_was_typed_is_kept(name: str) -> None:
    """It says what a person looks for."""
    assert not is_generated(name)
