"""人的安全管理措置 — training, pledges, joining and leaving (APPI Art. 24)."""
