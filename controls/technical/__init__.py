"""技術的安全管理措置 — technical control measures."""
