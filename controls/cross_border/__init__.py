"""Provision abroad (外国にある第三者への提供, APPI Art. 28)."""
