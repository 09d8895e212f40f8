"""開示等の請求等への対応 — requests of principals (APPI Art. 32–39)."""
