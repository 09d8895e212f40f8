"""The words around the pages, in both languages."""

from controls.kernel import Text

LANGUAGES = ("ja", "en")

SOURCE = {
    "appi": Text("個人情報保護法", "APPI"),
    "ppc_guideline": Text(
        "個人情報保護委員会ガイドライン（通則編）", "PPC guideline (general rules)"
    ),
    "pms_guideline": Text(
        "JIS Q 15001（PMS 指針の項番）", "JIS Q 15001 (item of the PMS guideline)"
    ),
    "seed": Text("方針の文", "Statement of a policy"),
}
WORDS = {
    "catalogue": Text("統制カタログ", "Catalogue of controls"),
    "policies": Text("プライバシーポリシー", "Privacy policies"),
    "monitoring": Text("このシステムについて", "About this system"),
    "other": Text("English", "日本語"),
    "requirement": Text("要求事項", "Requirement"),
    "law": Text("根拠", "Law"),
    "unverified": Text(
        "* の付いた項番は、規格本文で確かめていない。",
        "A number with * was not verified against the text of the standard.",
    ),
    "in_force": Text("適用", "In force"),
    "since": Text("から", "since"),
    "to": Text("まで", "to"),
    "codes": Text("何を違反とするか", "What breaks it"),
    "code": Text("コード", "Code"),
    "severity": Text("重大度", "Severity"),
    "condition": Text("条件", "Condition"),
    "limits": Text("パラメータ", "Parameters"),
    "no_limits": Text("パラメータはない。", "It has no parameters."),
    "limit": Text("名", "Name"),
    "value": Text("値", "Value"),
    "unit": Text("単位", "Unit"),
    "meaning": Text("意味", "Meaning"),
    "company": Text("会社の設定（既定値", "set by the company (default"),
    "examples": Text("例", "Examples"),
    "recorded": Text("記録", "recorded"),
    "as_of": Text("判定の時点", "judged as of"),
    "kept": Text("守られている", "kept"),
    "indeterminate": Text("判定できない", "indeterminate"),
    "reads": Text("何を見るか", "What it reads"),
    "evidence": Text("残す証跡", "Evidence"),
    "response": Text("対応", "Response"),
    "false_positives": Text("知られた誤検知", "Known false positives"),
    "led": Text("この統制に至る方針の文", "Statements that lead to it"),
    "no_led": Text("五つの方針にはない。", "None of the policies has one."),
    "statement": Text("文", "Statement"),
    "place": Text("箇所", "Place"),
    "checked": Text("確かめる方法", "Checked by"),
    "controls": Text("統制", "Controls"),
    "event": Text("イベント", "events"),
    "attestation": Text("責任者の表明", "attestation"),
    "live": Text("文のうち、確かめられているもの", "statements are live"),
    "not_live": Text("未稼働", "not live"),
    "doubt": Text(
        "この方針についての所見（示すだけで、法として強制しない）",
        "A finding about the policy itself: shown, never enforced as law",
    ),
    "own_words": Text(
        "文は英語で言い換えたもので、原文ではない。",
        "Statements are in our own words, not those of the policy.",
    ),
    "measures": Text("措置ごとの統制", "Controls by measure"),
    "fingerprint": Text("カタログの指紋", "Fingerprint of the catalogue"),
}
