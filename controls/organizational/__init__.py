"""組織的安全管理措置 — people in office, registers, rules, alerts (APPI Art. 23)."""
