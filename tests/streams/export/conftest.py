"""Evidence of a small company, for all that is made from evidence."""

from __future__ import annotations

import pytest

from streams.export.cut import Evidence
from tests.company import Company


@pytest.fixture(scope="session")
def company(recorded_company: Company) -> Company:
    return recorded_company


@pytest.fixture(scope="session")
def evidence(company: Company) -> Evidence:
    return company.evidence
