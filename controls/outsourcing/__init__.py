"""委託先の監督 — supervision of contractors (APPI Art. 25)."""
