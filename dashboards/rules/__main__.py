"""`python -m dashboards.rules` writes the rules and their runbooks below deploy/prometheus."""

from dashboards.rules.written import files

for path, text in files().items():
    path.write_text(text, encoding="utf-8")
