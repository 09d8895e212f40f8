"""第三者提供 — provision to third parties, and what comes from them (APPI Arts. 27 to 31)."""
