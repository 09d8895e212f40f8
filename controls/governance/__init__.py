"""個人情報保護マネジメントシステムの統制 — governance of the management system."""
