from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.streams.alerts.alertmanager import Port, listening


@pytest.fixture
def port() -> Iterator[Port]:
    """Where alerts go."""
    with listening() as opened:
        yield opened
