"""Alert rules of Prometheus, each declared once: from here come rules.yml and the runbooks."""

from dashboards.rules.arrivals import ARRIVALS
from dashboards.rules.duties import DUTIES
from dashboards.rules.evidence import EVIDENCE
from dashboards.rules.rule import Group, Rule, Severity
from dashboards.rules.watching import WATCHDOG, WATCHING
from dashboards.rules.workers import WORKERS

__all__ = ["GROUPS", "RULES", "WATCHDOG", "Group", "Rule", "Severity"]

GROUPS: tuple[Group, ...] = (WORKERS, EVIDENCE, ARRIVALS, DUTIES, WATCHING)
RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS for rule in group.rules)
