"""The ledger: how evidence is sealed, packed and verified."""
