"""外的環境の把握 — the countries in which personal data is kept (APPI Art. 23)."""
