"""Rules about the processes: whether they run, keep up, and are alike."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.rules.rule import Group, Rule

WORKERS = Group(
    "shoseki-workers",
    Text("処理プロセス", "Workers"),
    (
        Rule(
            "ShosekiScrapeDown",
            'up{job=~"workers|intake|alertmanager"} == 0',
            "3m",
            "on-call",
            Text(
                "{{ $labels.instance }}（{{ $labels.job }}）が応答しない。",
                "{{ $labels.instance }} ({{ $labels.job }}) does not answer.",
            ),
            Text(
                "プロセスが止まったか、Prometheus から届かない。"
                "他に受け持つ者がいなければ判定は進まない。",
                "A process has ended, or Prometheus cannot reach it. Unless others carry its "
                "partitions, nothing is judged.",
            ),
            Text(
                "コンテナの状態と最後のログ（`worker.failed`、`service.stopped`）、`/-/healthy`、"
                "ネットワークの規則。",
                "State of the container and its last log lines (`worker.failed`, "
                "`service.stopped`), `/-/healthy`, network policies.",
            ),
            Text(
                "ログの理由（ディスク、鍵、保存先、ブローカー）を取り除いて起動する。"
                "受領していない分はログから読み直され、失われない。",
                "Remove the reason that the log names (disk, keys, store, broker) and start it. "
                "What was not acknowledged is read again; nothing is lost.",
            ),
        ),
        Rule(
            "ShosekiHeartbeatOld",
            "(time() - max(shoseki_heartbeat_seconds) > 300) or absent(shoseki_heartbeat_seconds)",
            "5m",
            "page",
            Text(
                "`books` を受け持つプロセスの鼓動が止まっている。",
                "The worker that has `books` shows no heartbeat.",
            ),
            Text(
                "`books` を受け持つ者がいないか、その者が保存先を読めない。台帳・期限・"
                "警報が更新されない。",
                "Nobody has `books`, or who has it cannot read the store. Registers, terms and "
                "alerts stand still.",
            ),
            Text(
                "`gauges.missed`・`anchor.missed` のログ、保存先の応答、"
                "`shoseki_lag_seconds{lane=\"books\"}`。",
                "Log lines `gauges.missed` and `anchor.missed`, whether the store answers, "
                '`shoseki_lag_seconds{lane="books"}`.',
            ),
            Text(
                "保存先を復旧する。プロセスがなければ起動する。手作業で期限（`shoseki clocks`）"
                "を確かめる。",
                "Bring the store back; start a worker where there is none. Until then look at the "
                "terms by hand (`shoseki clocks`).",
            ),
        ),
        Rule(
            "ShosekiPartitionUnread",
            "max by (lane) (shoseki_partitions) - on (lane) (\n"
            "  count by (lane) (count by (lane, partition) (shoseki_lag_seconds))\n"
            "  or max by (lane) (0 * shoseki_partitions)\n"
            ") > 0",
            "3m",
            "page",
            Text(
                "レーン {{ $labels.lane }} に、どのプロセスも読んでいない区画がある。",
                "Partitions of lane {{ $labels.lane }} are read by no worker.",
            ),
            Text(
                "プロセスが足りないか、再割当が終わらない。その区画の事象は判定されない。",
                "Workers are missing, or a rebalance does not end. Events of these partitions are "
                "not judged.",
            ),
            Text(
                "動いているプロセスの数、`/-/ready`、ログの再割当、ブローカーのグループの状態。",
                "How many workers run, `/-/ready`, rebalances in the log, the group's state at "
                "the broker.",
            ),
            Text(
                "欠けたプロセスを起動する。再割当を繰り返すなら、遅いブロックと `session_seconds` "
                "を見る。",
                "Start the missing workers. Where rebalances repeat, look at slow blocks and at "
                "`session_seconds`.",
            ),
        ),
        Rule(
            "ShosekiWorkerRestarting",
            'changes(process_start_time_seconds{job=~"workers|intake"}[30m]) >= 3',
            "0m",
            "on-call",
            Text(
                "{{ $labels.instance }}（{{ $labels.job }}）が繰り返し再起動している。",
                "{{ $labels.instance }} ({{ $labels.job }}) starts again and again.",
            ),
            Text(
                "起動しても続かない。記憶とログが合わない、資源が足りない、設定が誤っている、"
                "など。",
                "It starts and does not last: memory and log do not fit, resources are short, a "
                "setting is wrong.",
            ),
            Text(
                "ログの最後の `worker.failed reason=`、メモリの上限、終了コード。",
                "The last `worker.failed reason=`, the memory limit, the exit status.",
            ),
            Text(
                "理由の文にある対処を行う。終了コード 137 ならメモリの上限を上げる。",
                "Do what the reason says. After exit status 137, raise the memory limit.",
            ),
        ),
        Rule(
            "ShosekiLag",
            "min by (lane, partition) (shoseki_lag_seconds) > 60",
            "5m",
            "on-call",
            Text(
                "{{ $labels.lane }}/{{ $labels.partition }} の判定が一分以上遅れている。",
                "{{ $labels.lane }}/{{ $labels.partition }} is judged more than a minute late.",
            ),
            Text(
                "流入が処理を上回るか、`books` を待っているか、保存先が遅い。検知が遅れる。",
                "More comes in than is judged, or it waits for `books`, or the store is slow. "
                "Findings come late.",
            ),
            Text(
                "`shoseki_lag_messages`、`shoseki_block_seconds`、`shoseki_store_seconds`、CPU。"
                "全区画か一つだけか。",
                "`shoseki_lag_messages`, `shoseki_block_seconds`, `shoseki_store_seconds`, CPU. "
                "All partitions or one?",
            ),
            Text(
                "追いつく途中なら待つ。全体が遅ければプロセスを増やす（`shoseki capacity`）。",
                "Wait where it catches up. Where all are late, add workers (`shoseki capacity`).",
            ),
        ),
        Rule(
            "ShosekiLagLong",
            "min by (lane, partition) (shoseki_lag_seconds) > 900",
            "5m",
            "page",
            Text(
                "{{ $labels.lane }}/{{ $labels.partition }} の判定が十五分以上遅れている。",
                "{{ $labels.lane }}/{{ $labels.partition }} is judged more than 15 minutes late.",
            ),
            Text(
                "検知が働いていないのに等しい。漏えい等の把握が遅れるおそれがある。",
                "As good as no detection: a leak may be known late.",
            ),
            Text(
                "ShosekiLag と同じ。加えて `worker.failed`、ブローカーの応答。",
                "As for ShosekiLag; also `worker.failed`, and whether the broker answers.",
            ),
            Text(
                "止まったプロセスを再起動する。ログの保持期間（`log_days`）内に追いつくこと。",
                "Restart a worker that stands. It must catch up before the log drops what is not "
                "read (`log_days`).",
            ),
        ),
        Rule(
            "ShosekiBlockSlow",
            "histogram_quantile(\n"
            "  0.99, sum by (job, instance, le) (rate(shoseki_block_seconds_bucket[10m]))\n"
            ") > 0.4 * (shoseki_session_seconds > 0)",
            "10m",
            "ticket",
            Text(
                "{{ $labels.instance }} のブロックがセッションの半分に近い時間を要している。",
                "Blocks on {{ $labels.instance }} take nearly half of the session timeout.",
            ),
            Text(
                "半分を超えるとリースが切れ、書く前に鼓動を待つ。遅れの前触れ。",
                "Beyond half of it the lease lapses, and the worker waits for a heartbeat before "
                "it writes. Lag comes next.",
            ),
            Text(
                "`shoseki_store_seconds` との差（判定か保存か）、一ブロックの事象数、CPU の制限。",
                "The difference to `shoseki_store_seconds` (judging or storing), events a block, "
                "CPU limits.",
            ),
            Text(
                "保存先を速くするか、プロセスを増やすか、`session_seconds` を延ばす。",
                "Make the store faster, add workers, or lengthen `session_seconds`.",
            ),
        ),
        Rule(
            "ShosekiRulesetsDiffer",
            "count(count by (version, ruleset) (shoseki_build_info)) > 1",
            "30m",
            "ticket",
            Text(
                "プロセスの版又は判定規則が揃っていない。",
                "Workers differ in version or ruleset.",
            ),
            Text(
                "同じ事象が、区画により異なる規則で判定される。",
                "Like events are judged by different rules, depending on their partition.",
            ),
            Text(
                "`shoseki_build_info` の version と ruleset、各プロセスの設定ファイル。",
                "`version` and `ruleset` of `shoseki_build_info`, each worker's configuration.",
            ),
            Text(
                "更新を終わらせる。設定を一つに揃えて再起動する。",
                "Finish the roll-out; give all the same configuration and restart them.",
            ),
        ),
    ),
)
