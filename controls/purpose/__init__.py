"""利用目的と同意 — purposes, consent, acquisition (APPI Arts. 17 to 21)."""
