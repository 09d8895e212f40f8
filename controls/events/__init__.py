"""語彙 — every type of event, one module a family, joined in one discriminated union.

`AnyEvent` reads a line, `TYPES` finds a class by its type, `spec` says what a type holds.
JSON Schema, documentation, pseudonyms and the columns of the store all ask these and
repeat nothing.
"""

from functools import cache
from typing import Annotated, Final, get_args

from pydantic import Discriminator

from controls.events.access import *
from controls.events.anonymized import *
from controls.events.envelope import *
from controls.events.fields import *
from controls.events.governance import *
from controls.events.incident import *
from controls.events.outsourcing import *
from controls.events.own import *
from controls.events.people import *
from controls.events.physical import *
from controls.events.purpose import *
from controls.events.records import *
from controls.events.retention import *
from controls.events.rights import *
from controls.events.spec import *
from controls.events.spec import read
from controls.events.system import *
from controls.events.transfers import *

AnyEvent = Annotated[
    AccessEvent
    | SystemEvent
    | PhysicalEvent
    | OutsourcingEvent
    | TransferEvent
    | RightsEvent
    | PurposeEvent
    | PeopleEvent
    | RecordEvent
    | IncidentEvent
    | AnonymizedEvent
    | GovernanceEvent
    | OwnEvent,
    Discriminator("event_type"),
]
"""Any event: what one line of a file or a lane may be."""

TYPES: Final[dict[str, type[Event]]] = {cls.type: cls for cls in get_args(get_args(AnyEvent)[0])}
"""Every type of the vocabulary, family by family."""


@cache
def spec(type: str) -> Spec:
    """What the type holds; KeyError where the vocabulary has no such type."""
    return read(TYPES[type])
