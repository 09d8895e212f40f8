"""Rules about what arrives: sources, lines that cannot be read, the intake."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.rules.rule import Group, Rule

ARRIVALS = Group(
    "shoseki-arrivals",
    Text("収集", "Arrivals"),
    (
        Rule(
            "ShosekiSourceSilent",
            "time() - max by (source) (shoseki_source_last_event_seconds)\n"
            "> max by (source) (shoseki_source_silence_seconds)",
            "10m",
            "on-call",
            Text(
                "ログ源 {{ $labels.source }} が、台帳に定めた時間を超えて沈黙している。",
                "Source {{ $labels.source }} is silent for longer than its register entry allows.",
            ),
            Text(
                "送り手が止まったか、途中で失われている。この間の「違反なし」は確かめられない（"
                "GOV-08 の検出事項も参照）。",
                "Its sender has stopped, or events are lost on the way. Absence of violations "
                "cannot be claimed meanwhile (see also the finding of GOV-08).",
            ),
            Text(
                "送り手、収集の経路、raw topic の流入、時計のずれ。予定した停止か。",
                "The sender, the way here, the raw topic, clocks. Was the outage planned?",
            ),
            Text(
                "再開し、溜まった分を送る。予定した停止は log.source_status で申告する。"
                "廃止なら台帳に記す。",
                "Start it and send what has gathered. Declare a planned outage "
                "(log.source_status); a source that is gone is retired in the register.",
            ),
        ),
        Rule(
            "ShosekiSourcesUnlisted",
            "max(shoseki_sources_unlisted) > 0",
            "1h",
            "digest",
            Text(
                "登録されたログ源が多く、一部は指標で監視されていない。",
                "There are more registered sources than metrics watch.",
            ),
            Text(
                "ShosekiSourceSilent は名前順の最初の千件だけを見る。GOV-08 の判定は全てに及ぶ。",
                "ShosekiSourceSilent sees the first thousand by name only. GOV-08 judges all of "
                "them.",
            ),
            Text(
                "`shoseki_sources_unlisted`、ログ源台帳。",
                "`shoseki_sources_unlisted`, the register.",
            ),
            Text(
                "使わないログ源に retired_on を記す。",
                "Give sources that are no longer used their retired_on.",
            ),
        ),
        Rule(
            "ShosekiRejects",
            "sum by (lane) (increase(shoseki_rejects_total[1h])) > 10\n"
            "and on (lane)\n"
            "sum by (lane) (increase(shoseki_rejects_total[1h])) / (\n"
            "  sum by (lane) (increase(shoseki_rejects_total[1h]))\n"
            "  + sum by (lane) (increase(shoseki_events_total[1h]))\n"
            ") > 0.01",
            "10m",
            "ticket",
            Text(
                "レーン {{ $labels.lane }} で、読めない行が百に一つを超えている。",
                "More than one line in a hundred of lane {{ $labels.lane }} cannot be read.",
            ),
            Text(
                "送り手の書式が変わった。その分は判定されず、棄却として証跡に残る。",
                "A sender has changed its format. These lines are not judged; they are on record "
                "as rejects.",
            ),
            Text("`shoseki rejects`（理由と位置）。", "`shoseki rejects` (reasons and positions)."),
            Text(
                "書式か設定（format、source）を直し、同じ行を送り直す。",
                "Correct the sender or the setting (format, source), and send the lines again.",
            ),
        ),
        Rule(
            "ShosekiDuplicates",
            "sum by (lane) (increase(shoseki_duplicates_total[1h])) > 100\n"
            "and on (lane)\n"
            "sum by (lane) (increase(shoseki_duplicates_total[1h]))\n"
            "> sum by (lane) (increase(shoseki_events_total[1h]))",
            "1h",
            "digest",
            Text(
                "レーン {{ $labels.lane }} では、新しい事象より重複が多い。",
                "Lane {{ $labels.lane }} gets more repeats than new events.",
            ),
            Text(
                "送り手が同じものを送り直している。判定は一度だけで、害はないが遅くなる。",
                "A sender repeats itself. Nothing is judged twice; it only takes time.",
            ),
            Text(
                "台帳の repeats（ログ源別の重複）。",
                "`repeats` in the ledger (duplicates by source).",
            ),
            Text(
                "送り手の再送の設定と受領を確かめる。",
                "Check what the sender takes for acknowledged.",
            ),
        ),
        Rule(
            "ShosekiIntakeRejects",
            'sum by (intake) (increase(shoseki_intake_records_total{result="reject"}[1h])) > 10\n'
            "and on (intake)\n"
            'sum by (intake) (increase(shoseki_intake_records_total{result="reject"}[1h]))\n'
            "/ sum by (intake) (increase(shoseki_intake_records_total[1h])) > 0.2",
            "10m",
            "on-call",
            Text(
                "取込 {{ $labels.intake }} の五件に一件以上が読めない。",
                "More than one record in five of intake {{ $labels.intake }} cannot be read.",
            ),
            Text(
                "書式の設定が合わないか、送り手が変わった。その源はほぼ監視されていない。",
                "Format and topic do not match, or the sender has changed: the source is hardly "
                "watched.",
            ),
            Text(
                "`shoseki rejects`、設定 [intake.名前]。",
                "`shoseki rejects`, the table [intake.NAME].",
            ),
            Text(
                "設定を直し、raw topic の該当箇所から送り直す。",
                "Correct it, and send the records again.",
            ),
        ),
        Rule(
            "ShosekiIntakeLag",
            "max by (intake) (shoseki_intake_lag_records) > 10000",
            "10m",
            "on-call",
            Text(
                "取込 {{ $labels.intake }} が一万件以上遅れている。",
                "Intake {{ $labels.intake }} is more than 10,000 records behind.",
            ),
            Text(
                "保持期間を過ぎると、読まれる前に消える。",
                "What the raw topic drops before it is read is lost.",
            ),
            Text(
                "`shoseki_intake_retries_total`、取込プロセスの CPU、raw topic の保持期間。",
                "`shoseki_intake_retries_total`, CPU of the intake, retention of the raw topic.",
            ),
            Text(
                "取込プロセスを増やす（同じグループ）。",
                "Start more intakes; they share one group.",
            ),
        ),
        Rule(
            "ShosekiIntakeMissing",
            "sum by (intake) (increase(shoseki_intake_missing_records_total[1h])) > 0",
            "0m",
            "page",
            Text(
                "取込 {{ $labels.intake }} で、読まれる前に消えた記録がある。",
                "Records of intake {{ $labels.intake }} were deleted before they were read.",
            ),
            Text(
                "証跡となるはずの記録が失われた。欠落は棄却として残る。",
                "Records that were to be evidence are lost. The loss is on record as a reject.",
            ),
            Text(
                "`records.missing` のログ（位置と件数）、raw topic の retention.ms。",
                "Log lines `records.missing` (where, how many), retention.ms of the raw topic.",
            ),
            Text(
                "送り手に残る原本から送り直す。保持期間を延ばし、不適合として記録する。",
                "Send them again from where they come from. Lengthen the retention; record a "
                "nonconformity.",
            ),
        ),
        Rule(
            "ShosekiIntakeRetries",
            "sum(increase(shoseki_intake_retries_total[10m])) > 0",
            "10m",
            "on-call",
            Text(
                "ブローカーが取込の書込みを受領しない。",
                "The broker does not acknowledge what the intake sends.",
            ),
            Text(
                "取込が進まない。raw topic には残る。",
                "The intake stands; the raw topics keep what comes.",
            ),
            Text(
                "ブローカーのディスク、min.insync.replicas、ACL。",
                "Disk of the brokers, min.insync.replicas, ACLs.",
            ),
            Text("ブローカーを復旧する。", "Bring the brokers back."),
        ),
        Rule(
            "ShosekiQuarantineFull",
            'sum(increase(shoseki_quarantine_lines_total{result="full"}[1h])) > 0',
            "0m",
            "ticket",
            Text(
                "隔離ファイルが一杯で、読めない行の原文が保管されていない。",
                "The day's quarantine file is full: refused lines are not kept.",
            ),
            Text(
                "理由と位置は証跡に残るが、原文は調べられない。",
                "Reasons and positions are on record, the lines themselves are not.",
            ),
            Text("`shoseki rejects` の件数と理由。", "Numbers and reasons in `shoseki rejects`."),
            Text(
                "棄却の原因を直す。要れば [quarantine] megabytes を増やす。",
                "Cure the rejects; raise [quarantine] megabytes where that is not enough.",
            ),
        ),
    ),
)
