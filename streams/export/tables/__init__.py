"""The thirteen tables of a pack (audit_pack.md, section 3)."""

from __future__ import annotations

from controls.catalogue import Catalogue
from streams.export.cut import Evidence
from streams.export.tables.access import entries, reviews
from streams.export.tables.assets import assets
from streams.export.tables.contractors import contractors
from streams.export.tables.coverage import coverage
from streams.export.tables.duties import activities, attestations
from streams.export.tables.incidents import incidents
from streams.export.tables.provision import provision
from streams.export.tables.requests import requests
from streams.export.tables.table import Cell, Column, Table, csv, jsonl
from streams.export.tables.told import Links, Told
from streams.export.tables.training import training
from streams.export.tables.verdicts import verdicts, violations

__all__ = ["Cell", "Column", "Links", "Table", "csv", "jsonl", "tables"]

EACH = (
    coverage,
    verdicts,
    violations,
    training,
    contractors,
    provision,
    requests,
    incidents,
    reviews,
    entries,
    assets,
    activities,
    attestations,
)


def tables(evidence: Evidence, catalogue: Catalogue, links: Links = ()) -> list[Table]:
    """All tables, by name, from one reading of the evidence.

    `links` are pairs of pseudonyms of two years that stand for one reference: without them people
    are not joined over years, and what depends on that is left empty.
    """
    told = Told(evidence, catalogue, links)
    return [make(told) for make in EACH]
