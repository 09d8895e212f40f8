"""Rules about the watching itself: alerts on their way, and the dead man's switch."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.rules.rule import Group, Rule

WATCHDOG = "ShosekiWatchdog"
"""The rule that always fires; what hears of it alarms when it hears nothing any more."""

WATCHING = Group(
    "shoseki-watching",
    Text("監視の監視", "Watching the watch"),
    (
        Rule(
            WATCHDOG,
            "vector(1)",
            "0m",
            "none",
            Text(
                "監視は働いている（この通知が絶えたら異常）。",
                "The watch works; what is wrong is when this is no longer heard.",
            ),
            Text(
                "常に鳴る。Prometheus から Alertmanager を経て外部の受け手までの道を確かめる。"
                "受け手は、五分届かなければ自ら人を呼ぶ。",
                "Always fires. It proves the way from Prometheus through Alertmanager to a "
                "receiver elsewhere, which calls somebody itself when it has heard nothing for "
                "five minutes.",
            ),
            Text(
                "届かない時：Prometheus と Alertmanager の稼働、受け手の URL と秘密、経路。",
                "When it is missing: whether Prometheus and Alertmanager run, the receiver's URL "
                "and secret, the route.",
            ),
            Text(
                "復旧するまで、コンソールと `shoseki findings list` を人が見る。",
                "Until it is back, somebody looks at the console and `shoseki findings list`.",
            ),
        ),
        Rule(
            "ShosekiAlertsStuck",
            "max(shoseki_alerts_waiting) > 0",
            "5m",
            "on-call",
            Text(
                "検出事項の警報が Alertmanager に届いていない。",
                "Alerts about findings do not reach Alertmanager.",
            ),
            Text(
                "検出は続いているが、誰にも知らされない。復旧すれば順に、一度ずつ送られる。",
                "Findings are made and nobody is told. Once it is back they are sent in order, "
                "each as one alert.",
            ),
            Text(
                "`shoseki_alerts_failed_total`、ログの理由、設定 [alerts] url、Alertmanager "
                "の稼働。",
                "`shoseki_alerts_failed_total`, the reason in the log, the setting [alerts] url, "
                "whether Alertmanager runs.",
            ),
            Text(
                "Alertmanager を復旧する。その間は `shoseki findings list` を見る。",
                "Bring Alertmanager back; look at `shoseki findings list` meanwhile.",
            ),
        ),
        Rule(
            "ShosekiNotificationsFailed",
            "sum by (integration) (increase(alertmanager_notifications_failed_total[15m])) > 0",
            "5m",
            "on-call",
            Text(
                "Alertmanager の通知（{{ $labels.integration }}）が失敗している。",
                "Notifications by {{ $labels.integration }} fail.",
            ),
            Text(
                "警報は Alertmanager まで届いているが、人に届いていない。",
                "Alerts reach Alertmanager and not the people.",
            ),
            Text(
                "Alertmanager のログ、メールの認証、webhook の応答と秘密。",
                "The log of Alertmanager, the mail account, what the webhook answers, its secret.",
            ),
            Text(
                "受け手を直す。Alertmanager は送り直す。",
                "Repair the receiver; Alertmanager repeats it.",
            ),
        ),
        Rule(
            "ShosekiRulesFail",
            "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[15m])) > 0",
            "5m",
            "ticket",
            Text(
                "Prometheus が規則 {{ $labels.rule_group }} を評価できない。",
                "Prometheus cannot evaluate the rules {{ $labels.rule_group }}.",
            ),
            Text(
                "その群の警報は鳴らない。同じ指標が二つの job から来ている、など。",
                "Alerts of this group do not fire; the same metric may come from two jobs.",
            ),
            Text("Prometheus の Status → Rules。", "Status → Rules in Prometheus."),
            Text(
                "収集の設定を直す。規則は `python -m dashboards.rules` で作り直す。",
                "Correct the scrape configuration; `python -m dashboards.rules` writes the rules "
                "anew.",
            ),
        ),
    ),
)
