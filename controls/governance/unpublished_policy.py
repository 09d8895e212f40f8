"""GOV-01  個人情報保護方針の公表と最新性 — the policy is published and current."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import PolicyChanged
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told

ITEMS = (
    "operator_name",
    "representative",
    "law_compliance",
    "security_measures",
    "complaint_desk",
    "revision_date",
    "continual_improvement",
)


class Limits(Params):
    publish_grace_days: int = limit(
        0, "d", "施行日から公表までの日数。", "Days from the effective date to publication."
    )
    review_months: int = limit(12, "months", "見直しの間隔。", "Months between two reviews.")
    items: tuple[str, ...] = limit(
        ITEMS, "", "方針が備えるべき項目。", "Items that the policy has to have."
    )
    policy_ids: tuple[str, ...] = limit(
        (), "", "対象の方針（空なら全部）。", "The policies judged; empty: all."
    )


def fact(change: PolicyChanged) -> Fact:
    return told(change, change.step, "version", "effective_on", "content_sha256", "required_items")


def checks(limits: Limits) -> tuple[Check, ...]:
    grace = timedelta(days=limits.publish_grace_days)

    def due_day(approved: Fact) -> date:
        return date.fromisoformat(approved[4]["effective_on"]) + grace

    def ours(policy: str) -> bool:
        return not limits.policy_ids or policy in limits.policy_ids

    def published(policy: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        approved: dict[str, Fact] = {}
        for version in standing(facts, "approved"):
            approved.setdefault(version[4]["version"], version)
        for name, version in approved.items():
            last = due_day(version)
            end = day_end(last)
            common: dict[str, Any] = {
                "subject": f"{policy}|{name}", "item": name, "events": (version[1],),
            }  # fmt: skip
            withdrawn = any(
                f[4]["version"] == name and f[0] <= end for f in standing(facts, "withdrawn")
            )
            newer = any(
                other[0] > version[0] and date.fromisoformat(other[4]["effective_on"]) <= last
                for key, other in approved.items()
                if key != name and other[0] <= end
            )
            if not ours(policy) or withdrawn or newer:
                yield Judgement("not_applicable", at=version[0], **common)
                continue
            out = [f[0] for f in standing(facts, "published") if f[4]["version"] == name]
            done = min(out, default=None)
            yield due_by(end, done, "NOT_PUBLISHED", view, begun=version[0], **common)

    def same(policy: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        approved = standing(facts, "approved")
        for page in standing(facts, "published") if ours(policy) else ():
            at, said = page[0], page[4]
            known = [f for f in approved if f[0] <= at]
            common: dict[str, Any] = {
                "subject": f"{policy}|{said['version']}", "item": page[1], "at": at,
                "events": (page[1],),
            }  # fmt: skip
            match = [
                f
                for f in known
                if (f[4]["version"], f[4]["content_sha256"])
                == (said["version"], said["content_sha256"])
            ]
            newer = [f for f in known if match and f[0] > match[-1][0] and differs(f, match[-1])]
            superseded = any(due_day(f) < jst_day(at) for f in newer)
            if not match or superseded:
                yield Judgement("violation", "HASH_MISMATCH", **common)
            else:
                yield Judgement("pass", **common)

    def differs(one: Fact, other: Fact) -> bool:
        return bool(one[4]["version"] != other[4]["version"])

    def complete(policy: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for page in standing(facts, "published") if ours(policy) else ():
            missing = [item for item in limits.items if item not in page[4]["required_items"]]
            if missing:
                yield Judgement(
                    "violation", "ITEMS_MISSING", f"{policy}|{page[4]['version']}", page[0],
                    item=page[1], events=(page[1],), facts={"items": ", ".join(missing)},
                )  # fmt: skip

    def reviewed(policy: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        done = [f[0] for f in standing(facts, "approved")]
        if done and ours(policy):
            due = partial(add_months, count=limits.review_months)
            first = jst_day(min(done))
            yield from comes_round("STALE", first, done, due, view, prefix=f"{policy}|")

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (PolicyChanged,),
            one_key("policy_id"),
            fact,
            judge,
            span=moment,
            by={PolicyChanged: "policy_id"},
            **more,
        )

    return (
        case("publication", "NOT_PUBLISHED", published, awaits=(PolicyChanged,)),
        case("content", "HASH_MISMATCH", same),
        case("items", "ITEMS_MISSING", complete),
        case("review", "STALE", reviewed, awaits=(PolicyChanged,)),
    )


def policy(at: str, step: str, **given: Any) -> PolicyChanged:
    said = {
        "policy_id": "privacy", "version": "5", "effective_on": "2026-11-11",
        "content_sha256": "aa", "required_items": list(ITEMS), **given,
    }  # fmt: skip
    return event(PolicyChanged, at, step=step, **said)


APPROVED = policy("2026-11-02 10:00:00", "approved")

CONTROL = Control(
    id="GOV-01",
    title=Text("個人情報保護方針の公表と最新性", "Privacy policy published and current"),
    requirement=Text(
        "承認版の方針（代表者名・必須項目を含む）がサイト掲載版と一致し、改定は施行日までに公表し、"
        "年1回以上見直す。",
        "The approved policy version, with all required items and the representative's name, is "
        "the one on the website; each revision is published by its effective date; reviewed at "
        "least yearly.",
    ),
    sources=sources(
        seeds="PYX-00.2; PYX-00.3; PYX-10.2; PYX-10.3; PYX-13; PER-4.1; PER-4.9; MIX-S; MIX-H0; "
        "MIX-M.A; MIX-CH; PIC-SG; PIC-P1; JUS-9; JUS-P2; JUS-P3",
        appi="Art.32(1)",
        ppc_guideline="10-1; 3-9 note 1",
        pms_guideline="J.2.2",
    ),
    params=Limits(),
    codes={
        "NOT_PUBLISHED": Code(
            "high",
            Text(
                "承認した版を施行日の終わりまでに公表していない。",
                "An approved version was not published by the end of its effective date.",
            ),
            Text("{subject}：公表していない。", "{subject}: not published in time."),
        ),
        "HASH_MISMATCH": Code(
            "high",
            Text(
                "掲載された文が承認した版と異なる、又は古い版である。",
                "What is on the website is no approved version, or a superseded one.",
            ),
            Text(
                "{subject}：掲載版が承認版と一致しない。",
                "{subject}: the page is not what was approved.",
            ),
        ),
        "ITEMS_MISSING": Code(
            "medium",
            Text("掲載版に必須の項目がない。", "Required items are missing from the page."),
            Text("{subject}：項目がない（{items}）。", "{subject}: items missing ({items})."),
        ),
        "STALE": Code(
            "medium",
            Text(
                "前の承認から review_months が過ぎた（同じ版の再承認も見直し）。",
                "review_months since the last approval; approving the same version again is a "
                "review.",
            ),
            Text(
                "{subject}：{last} 以来、見直しがない。",
                "{subject}: not reviewed since {last}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "版、承認者、施行日、公表日時、両方のハッシュ、URL、取得番号",
        "Version, approver, effective_on, published_at, both hashes, URL, capture id",
    ),
    response=Text(
        "公表するか元に戻し、誰が変えたかを記録する。",
        "Publish or roll back; record who changed the page.",
    ),
    false_positives=Text(
        "CMS のテンプレートの変更：ページでなく抜き出した文のハッシュを取る。",
        "CMS template change alters hash: hash the extracted policy text, not the page.",
    ),
    examples=(
        breach(
            "NOT_PUBLISHED",
            "施行日の翌日の公表",
            "published in the first second after the effective date",
            APPROVED,
            policy("2026-11-12 00:00:01", "published"),
            subject="privacy|5",
            severity="high",
        ),
        fine(
            "NOT_PUBLISHED",
            "施行日の終わりの公表",
            "published as it ends",
            APPROVED,
            policy("2026-11-12 00:00:00", "published"),
        ),
        fine(
            "NOT_PUBLISHED",
            "取り下げた版",
            "withdrawn before",
            APPROVED,
            policy("2026-11-10 10:00:00", "withdrawn"),
            until="2026-11-12T00:00:01+09:00",
        ),
        breach(
            "HASH_MISMATCH",
            "承認と異なる文",
            "another text than was approved",
            APPROVED,
            policy("2026-11-11 09:00:00", "published", content_sha256="bb"),
            subject="privacy|5",
            severity="high",
        ),
        fine(
            "HASH_MISMATCH",
            "承認した文",
            "the text that was approved",
            APPROVED,
            policy("2026-11-11 09:00:00", "published", content_sha256="aa"),
        ),
        breach(
            "HASH_MISMATCH",
            "新しい版の施行後の旧版",
            "the old version after the new one took effect",
            policy("2026-10-01 10:00:00", "approved", version="4", effective_on="2026-10-02"),
            policy("2026-10-02 10:00:00", "published", version="4", effective_on="2026-10-02"),
            APPROVED,
            policy("2026-11-11 09:00:00", "published"),
            policy("2026-11-12 09:00:00", "published", version="4", effective_on="2026-10-02"),
        ),
        breach(
            "ITEMS_MISSING",
            "代表者名がない",
            "without the representative",
            APPROVED,
            policy(
                "2026-11-11 09:00:00", "published",
                required_items=[item for item in ITEMS if item != "representative"],
            ),
            subject="privacy|5",
            severity="medium",
        ),
        fine(
            "ITEMS_MISSING",
            "すべての項目",
            "with every item",
            APPROVED,
            policy("2026-11-11 09:00:00", "published", required_items=list(ITEMS)),
        ),
        breach(
            "STALE",
            "一年を一秒過ぎた見直し",
            "approved again a second after the year",
            policy("2025-11-10 10:00:00", "approved", effective_on="2025-11-11"),
            policy("2025-11-11 10:00:00", "published", effective_on="2025-11-11"),
            policy("2026-11-11 00:00:01", "approved", effective_on="2025-11-11"),
            subject="privacy|2025-11-10",
            severity="medium",
        ),
        fine(
            "STALE",
            "一年の終わりの見直し",
            "approved again as it ends",
            policy("2025-11-10 10:00:00", "approved", effective_on="2025-11-11"),
            policy("2025-11-11 10:00:00", "published", effective_on="2025-11-11"),
            policy("2026-11-11 00:00:00", "approved", effective_on="2025-11-11"),
        ),
    ),
)  # fmt: skip
