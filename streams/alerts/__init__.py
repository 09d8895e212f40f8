"""Findings to Alertmanager, and what on-call people do about them back into `books`."""
