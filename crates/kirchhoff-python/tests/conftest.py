"""What several tests need."""

from __future__ import annotations

from typing import Any

import pytest

import kirchhoff


@pytest.fixture(scope="session")
def digits() -> tuple[kirchhoff.Network, Any]:
    return kirchhoff.digits()
