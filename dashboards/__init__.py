"""Panels defined once, rendered for Grafana, the console and reports."""
