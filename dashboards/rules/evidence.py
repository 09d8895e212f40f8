"""Rules about what is kept: store, ledger, checkpoints."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.rules.rule import Group, Rule

EVIDENCE = Group(
    "shoseki-evidence",
    Text("証跡", "Evidence"),
    (
        Rule(
            "ShosekiStoreRetries",
            "sum(increase(shoseki_store_retries_total[10m])) > 0",
            "10m",
            "on-call",
            Text(
                "保存先が応答せず、書込みを繰り返している。",
                "The store does not answer; writes are repeated.",
            ),
            Text(
                "`retry_seconds` を過ぎるとプロセスは受領せずに止まる。ログには残る。",
                "After `retry_seconds` the workers stop without acknowledging. The log keeps "
                "everything.",
            ),
            Text(
                "`store.waiting reason=` のログ、ClickHouse のディスク・部品数・レプリカ。",
                "Log lines `store.waiting reason=`; disk, number of parts and replicas of "
                "ClickHouse.",
            ),
            Text(
                "ClickHouse を復旧する。書込みは同じ印で繰り返されるので、二重にはならない。",
                "Bring ClickHouse back. Writes are repeated under the same token and count once.",
            ),
        ),
        Rule(
            "ShosekiStoreSlow",
            "histogram_quantile(\n"
            "  0.95, sum by (lane, le) (rate(shoseki_store_seconds_bucket[10m]))\n"
            ") > 5",
            "15m",
            "ticket",
            Text(
                "レーン {{ $labels.lane }} の保存に五秒以上かかっている。",
                "Storing a block of lane {{ $labels.lane }} takes more than five seconds.",
            ),
            Text(
                "保存先が混んでいる。遅れとリース切れの前触れ。",
                "The store is busy; lag and lapsed leases come next.",
            ),
            Text(
                "ClickHouse のマージ、ディスク、重い問合せ（画面・書出し）。",
                "Merges, disk and heavy questions (dashboards, exports) of ClickHouse.",
            ),
            Text(
                "重い問合せを止める。続くなら資源を増やす。",
                "Stop what asks much; where it stays, give it more resources.",
            ),
        ),
        Rule(
            "ShosekiLedgerStopped",
            "time() - max(shoseki_ledger_last_block_seconds) > 900\n"
            "and on () (\n"
            '  sum(increase(shoseki_intake_records_total{result="event"}[15m])) > 0\n'
            "  or max(shoseki_lag_messages) > 600\n"
            ")",
            "5m",
            "page",
            Text(
                "事象が届いているのに、証跡の台帳が十五分以上伸びていない。",
                "Events come in, and the ledger has not grown for 15 minutes.",
            ),
            Text(
                "判定か保存が止まっている。証跡は作られていない（ログには残る）。",
                "Judging or storing stands still. No evidence is made; the log keeps what came.",
            ),
            Text(
                "`shoseki_lag_seconds`、`block.written` の最後の行、保存先、`worker.failed`。",
                "`shoseki_lag_seconds`, the last `block.written`, the store, `worker.failed`.",
            ),
            Text(
                "止まった所を直して再起動する。その後 `shoseki verify` で鎖を確かめる。",
                "Repair what stands and restart it; then verify the chains (`shoseki verify`).",
            ),
        ),
        Rule(
            "ShosekiLedgerSilent",
            "time() - max(shoseki_ledger_last_block_seconds) > 93600",
            "0m",
            "on-call",
            Text(
                "二十六時間、台帳にブロックが一つも加わっていない。",
                "No block has joined the ledger for 26 hours.",
            ),
            Text(
                "何も届かないうえ、毎日の自己検証の記録もない。収集が止まっている。",
                "Nothing arrives, and not even the daily verification is on record: collection "
                "has stopped.",
            ),
            Text(
                "送り手、`verify_hour`（null なら毎日の記録はない）、時計（ticks）。",
                "The senders, `verify_hour` (null: there is no daily record), the ticks.",
            ),
            Text(
                "送り手を再開する。欠けた間は GOV-08 の対象として残る。",
                "Start the senders again. What is missing stays on record under GOV-08.",
            ),
        ),
        Rule(
            "ShosekiCheckpointOld",
            "max(shoseki_ledger_last_block_seconds)\n"
            "- (max(shoseki_checkpoint_last_seconds) or vector(0)) > 900",
            "5m",
            "on-call",
            Text(
                "台帳の末尾が十五分以上、署名付きチェックポイントに含まれていない。",
                "The ledger's end has been in no signed checkpoint for 15 minutes.",
            ),
            Text(
                "この間に保存先が巻き戻されても、外からは分からない。",
                "A store that is set back now would not be noticed from outside.",
            ),
            Text(
                "`anchor.missed reason=`、署名鍵、設定 `origin`・`org_id`、`anchor` のファイル。",
                "`anchor.missed reason=`, the signing key, the settings `origin` and `org_id`, "
                "the file `anchor`.",
            ),
            Text(
                "理由を取り除く。次のチェックポイントが全てを含む。",
                "Remove the reason; the next checkpoint covers everything.",
            ),
        ),
        Rule(
            "ShosekiAnchorUnsent",
            "sum(increase(shoseki_anchors_unsent_total[30m])) > 0",
            "30m",
            "ticket",
            Text(
                "チェックポイントが外部（`anchor_url`）に受け取られていない。",
                "Checkpoints are not taken by the place outside (`anchor_url`).",
            ),
            Text(
                "手元の写しだけが残る。内部の者が証跡と写しを共に変えれば分からない。",
                "Only the copy here is left: who can change both evidence and copy is not seen.",
            ),
            Text(
                "`anchor.unsent reason=`、相手の応答、証明書、経路。",
                "`anchor.unsent reason=`, what the other side answers, certificates, the route.",
            ),
            Text(
                "相手を復旧する。次に送るものが、それまでの全てを含む。",
                "Bring the other side back. The next one that is sent covers all before it.",
            ),
        ),
    ),
)
