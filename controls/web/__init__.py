"""ウェブと外部送信 — tags, cookies and what they send (APPI Art. 31)."""
