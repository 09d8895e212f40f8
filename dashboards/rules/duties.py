"""Rules about what is owed: terms of the law, and findings that nobody has closed."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.rules.rule import Group, Rule

LOOK = Text(
    "コンソールの「法定期限」、`shoseki clocks`（何の期限か、九項目のどれが未記入か）。",
    "Statutory clocks in the console, `shoseki clocks` (which term, which of the nine items are "
    "open).",
)

DUTIES = Group(
    "shoseki-duties",
    Text("期限と検出事項", "Duties"),
    (
        Rule(
            "ShosekiClockNear",
            "min by (control) (shoseki_clock_seconds_left) < 259200",
            "0m",
            "ticket",
            Text(
                "{{ $labels.control }} の法定期限まで三日を切った。",
                "Less than three days are left of a term of the law ({{ $labels.control }}).",
            ),
            Text("報告・通知・回答の期限が近い。", "A report, a notice or an answer is due soon."),
            LOOK,
            Text(
                "担当を決め、下書きを始める。",
                "Name who does it; begin the draft.",
            ),
        ),
        Rule(
            "ShosekiClockSoon",
            "min by (control) (shoseki_clock_seconds_left) < 86400",
            "0m",
            "on-call",
            Text(
                "{{ $labels.control }} の法定期限まで一日を切った。",
                "Less than a day is left of a term of the law ({{ $labels.control }}).",
            ),
            Text(
                "明日までに出さなければ法令違反となる。",
                "What is not sent by tomorrow breaks the law.",
            ),
            LOOK,
            Text(
                "分かっている項目で出し、残りは追完する（速報）。記録を登録する。",
                "Send what is known and supplement the rest (preliminary report); record it.",
            ),
        ),
        Rule(
            "ShosekiClockOver",
            "min by (control) (shoseki_clock_seconds_left) < 0",
            "0m",
            "page",
            Text(
                "{{ $labels.control }} の法定期限を過ぎている。",
                "A term of the law is over ({{ $labels.control }}).",
            ),
            Text(
                "期限内の報告・通知・回答の記録がない。した後の記録漏れのこともある。",
                "No report, notice or answer is on record in time; perhaps it was made and not "
                "recorded.",
            ),
            LOOK,
            Text(
                "直ちに行い、遅れた理由と共に記録する。既に行ったなら、その日時で登録する。",
                "Do it now and record why it is late; what was done already is recorded with its "
                "time.",
            ),
        ),
        Rule(
            "ShosekiFindingsOld",
            "sum(max by (severity, age) (\n"
            '  shoseki_findings_open{severity=~"critical|high",age=~"lt_30d|ge_30d"}\n'
            ")) > 0",
            "0m",
            "ticket",
            Text(
                "重大度「重大」「高」の検出事項が七日以上片付いていない。",
                "Findings of severity critical or high have been open for more than a week.",
            ),
            Text(
                "確認されても是正されていない。ORG-06 の期限も過ぎている見込み。",
                "Acknowledged or not, they are not corrected; the limits of ORG-06 have passed, "
                "too.",
            ),
            Text(
                "コンソールの検出事項（担当、期日、コメント）、`shoseki findings list`。",
                "Findings in the console (owner, due date, comments), `shoseki findings list`.",
            ),
            Text(
                "是正して閉じるか、承認を得てリスク受容とする（`shoseki findings close`）。",
                "Correct and close them, or have the risk accepted (`shoseki findings close`).",
            ),
        ),
        Rule(
            "ShosekiFindingsStale",
            "sum(max by (severity, age) (\n"
            '  shoseki_findings_open{severity=~"medium|low|info",age="ge_30d"}\n'
            ")) > 0",
            "0m",
            "digest",
            Text(
                "重大度「中」以下の検出事項が三十日以上片付いていない。",
                "Findings of severity medium or less have been open for more than 30 days.",
            ),
            Text("小さな不備が溜まっている。", "Small faults gather."),
            Text("コンソールの検出事項を古い順に。", "Findings in the console, the oldest first."),
            Text(
                "月次の見直しでまとめて片付ける。多い管理策は設定値を見直す。",
                "Go through them once a month; where a control brings many, look at its limits.",
            ),
        ),
    ),
)
