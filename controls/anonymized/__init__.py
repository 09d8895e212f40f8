"""匿名加工情報・仮名加工情報 — anonymized and pseudonymized data (APPI Arts. 41 to 46)."""
