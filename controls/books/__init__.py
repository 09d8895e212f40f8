"""The registers that the controls look into: one declaration a book (domain/registers.md).

A module a family of controls; each also holds the terms that are derived from its books.
"""

from controls.books import (
    access,
    anonymized,
    contractors,
    core,
    duties,
    people,
    premises,
    purposes,
    records,
    rights,
    systems,
    transfers,
    web,
)

BOOKS = (
    *core.BOOKS,
    *access.BOOKS,
    *anonymized.BOOKS,
    *contractors.BOOKS,
    *duties.BOOKS,
    *people.BOOKS,
    *premises.BOOKS,
    *purposes.BOOKS,
    *records.BOOKS,
    *rights.BOOKS,
    *systems.BOOKS,
    *transfers.BOOKS,
    *web.BOOKS,
)
"""Every book."""
