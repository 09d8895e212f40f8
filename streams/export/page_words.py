"""The words of the printed reports, and places in the law as Japanese writes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from controls.kernel import Source
from dashboards import words

VERDICT = {name: text.ja for name, text in words.VERDICT.items()}
SEVERITY = {name: text.ja for name, text in words.SEVERITY.items()}
SOURCE = {
    "appi": "個人情報保護法",
    "ppc_guideline": "個人情報保護委員会ガイドライン",
    "pms_guideline": "JIS Q 15001（PMS 構築・運用指針の項番）",
    "seed": "方針の記述",
}
"""In the order in which an assessor asks for them."""
RULE = {
    "finding": "重大・高の違反",
    "leaver": "退職",
    "contract_ended": "契約終了",
    "incident": "事故",
    "first_day": "初日",
    "last_day": "最終日",
    "gap_day": "欠測日",
}
REASON = {
    "stopped": "停止の報告",
    "gap": "欠測の報告",
    "declared": "申告あり",
    "not declared": "申告なし",
    "GOV-08 SILENT": "受信の途絶（GOV-08）",
}
BOOK = {
    "anon. vol.": "仮名加工情報・匿名加工情報編",
    "foreign vol.": "外国にある第三者への提供編",
    "Telecom Business Act": "電気通信事業法",
    "in force": "施行",
    "Order": "施行令",
    "Rule": "規則",
    "case": "事例",
    "note": "注",
    " and ": "・",
    "(statistics 注)": "（統計情報の注）",
}
_ARTICLE = re.compile(r"Art\.(\d+)(?:-(\d+))?(?:\((\d+)\))?(?:\(([ivx]+)\))?( proviso)?")
_HOLE = re.compile(r"GOV-08 SEQ_GAP\?? (\d+)")
_ITEM = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
SHOWN = 8
"""Statements of policies that are named one by one."""


def _article(found: re.Match[str]) -> str:
    article, branch, paragraph, item, proviso = found.groups()
    return "".join(
        (
            f"第{article}条",
            f"の{branch}" if branch else "",
            f"第{paragraph}項" if paragraph else "",
            f"第{_ITEM[item]}号" if item else "",
            "ただし書" if proviso else "",
        )
    )


def place(text: str) -> str:
    """`Art.27(5)(i)` as `第27条第5項第1号`; what is no article keeps its number, in Japanese."""
    text = _ARTICLE.sub(_article, text)
    for word, ja in BOOK.items():
        text = text.replace(word, ja)
    return text


def basis(sources: Sequence[Source]) -> list[str]:
    """Places of a control's sources, a line a kind, the law first; of many statements the first
    few."""
    found = []
    for kind, name in SOURCE.items():
        places = [place(source.place) for source in sources if source.kind == kind]
        if kind == "seed" and len(places) > SHOWN:
            places[SHOWN:] = [f"ほか {len(places) - SHOWN} 件"]
        if places:
            found.append(f"{name}　{'、'.join(places)}")
    return found


def reason(text: str) -> str:
    """Why a source was silent: `stopped, declared` as `停止の報告・申告あり`."""
    text = _HOLE.sub(r"番号の抜け \1 から（GOV-08）", text)
    return "・".join(REASON.get(part, part) for part in text.split(", "))


def revised(controls: Sequence[str]) -> str:
    """Why some numbers are less than nought; nothing where none is."""
    if not controls:
        return ""
    return (
        "後に届いた記録によって判定を改めると、前の判定の分は取り消される。期間より前に数えた判定が"
        f"期間内に改められた管理策（{'、'.join(controls)}）では、件数が負になっている。"
    )


def received(account: Mapping[str, int]) -> str:
    """What was received, and that it is the sum of what became of it."""
    parts = {"evaluated": "判定対象", "rejected": "不受理", "duplicates": "重複"}
    sums = " ＋ ".join(f"{name} {account[figure]:,}" for figure, name in parts.items())
    return f"受信 {account['received']:,} ＝ {sums} 件"


def lacking(letters: Counter[str]) -> str:
    """How many letters could not be printed; nothing where none."""
    if not letters:
        return ""
    return (
        f"書体にない文字 {letters.total():,} 字（{len(letters):,} 種）を 〓 で示した。"
        "元の文字は CSV にある。"
    )


PROVEN = (
    "対象期間に受け取った記録の件数と、それぞれの判定の結果。違反の件数は、必ず母集団・対象外・"
    "判定不能とともに示す。",
    "記録が、切取り点より後に書換え・削除・挿入・並替えをされていないこと。同梱の verify.py "
    "だけで、ネットワークなしに、誰でも確かめられる。",
    "標本の判定を、同梱の証跡とカタログだけから計算し直せること。",
)
NOT_PROVEN = (
    "内部監査（J.6.2）ではない。内部監査は独立した者が行う。本システムの判定は、それを支える"
    "ものであって、代わるものではない。",
    "記録源が送らなかった事実は分からない。欠測は第 5 章に示す。記録が現実と合うかは、現物・"
    "契約書・面談との突合による。",
    "適合の判定は、定めた検査に照らした結果であり、法令・規格への適合の認定ではない。",
)
NAMES = (
    "個人は仮名（ps＋年）でのみ示す。本文では仮名を先頭 8 文字に縮め、表 03_violations には全体を"
    "収める。仮名から本人をたどれるのは個人情報保護管理者だけで、その照会も証跡に残る。"
)
COUNTED = (
    "母集団は、検査が一つの事柄を一度判定するごとに一件と数える。所見は、同じ管理策・検査・対象の"
    "違反を、処置されるまで一つにまとめたものである。このため、違反の件数と所見の件数は一致しない。"
    "「未処置」には判定不能のまま残るものを含む。"
)
SOURCES = (
    "「記録源の記載なし」は、読み取れなかった行と、保存期間の満了により行そのものを失った記録で"
    "ある。欠番は、通し番号のある記録源についてだけ数え、保存期間の満了により数えられないものは"
    " — とする。"
)
REACH = (
    "期間をまたぐ判定のため、業務記録（books）の鎖は最初から、ほかの鎖は期間の 100 日前から収める。"
)
RESULTS = (
    "管理策ごとに、要求事項、根拠、母集団と判定、未処置の所見、標本を示す。* を付した項番は、"
    "規格の本文で番号を確かめていない。方針の記述の番号は、公表した方針の文に付けたものである。"
)
DRAWING = (
    "管理策ごとに、その検査が読む種類の記録のうち対象期間に発生したものを枠とする。枠が 25 件まで"
    "はすべて、250 件までは 25 件、それを超えれば 40 件を、「種｜管理策｜記録の番号」の SHA-256 が"
    "小さい順に抽出する。大きさは規格によらず、当方で定めた。これに、重大・高の違反の証拠、退職、"
    "委託契約の終了、事故、期間の初日・最終日・申告のある欠測日の記録を、抽出によらず加える。"
)
DRAWN = (
    "標本の一件ごとの番号、証拠の所在（鎖・ブロック・行）、判定と再計算に要る版は samples.jsonl "
    "に、各標本がブロックに含まれることの証明は evidence/proofs.jsonl にある。"
)
MEANING = {
    "適合": "検査の対象となり、違反がなかった。",
    "違反": "検査の対象となり、定めた条件を満たさなかった。",
    "対象外": "検査の条件に当たらない記録であった。",
    "判定不能": "要る情報がそろわず、適合とも違反とも言えない。適合には数えない。",
    "所見": "同じ管理策・検査・対象の違反または判定不能を、処置されるまで一つにまとめたもの。",
    "遡及": "判定の時点より 24 時間以上後に届いた記録によって、判定を改めたもの。",
    "処置": "所見が成り立たなくなること、警報の処理の完了、是正処置の完了のうち最初のもの。",
    "切取り点": "証跡を切り取った記録簿の位置。これより後の記録は含まない。",
}
ALERT = {
    "critical": "当番を直ちに呼び出す。漏えい等の候補として扱う。",
    "high": "当番に知らせる。",
    "medium": "起票して対応する。",
    "low": "週次で確認する。",
    "info": "警報は出さず、記録する。",
}
PROOF = (
    "証跡パックを展開し、python3 verify.py と実行する。標準ライブラリだけで動き、通信しない。",
    "表紙のルートハッシュを、社外に置いた控えや月次の議事録に印刷した短い形と比べる。",
    "shoseki recheck は、標本の判定を証跡パックだけから計算し直す。",
    "表の件数は 01_coverage から 13_attestations までの CSV と一致する。",
)
