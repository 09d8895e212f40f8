"""物理的安全管理措置 — physical control measures."""
