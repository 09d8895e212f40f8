"""漏えい等事案への対応 — leaks and their reports (APPI Art. 26)."""
