"""CON-01  取得時の利用目的の明示・公表 — the purpose is told at or before acquisition."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from controls.books.core import DATASET_NOTICES, NOTICES
from controls.books.duties import GENERAL_NOTICES
from controls.books.purposes import registered
from controls.calendar import day_end, jst_day
from controls.events import DataAcquired, PurposePublished, RegisterDataset
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Check, Each, Look


class Limits(Params):
    prompt_days: int = limit(
        7,
        "d",
        "その他の取得の後、速やかに通知・公表する日数。",
        "Days in which it is told promptly.",
    )


DIRECT = ("web_form", "paper")
WATCHING = ("camera", "phone_recording")


def covers(notice: PurposePublished, dataset: str) -> bool:
    return not notice.dataset_ids or dataset in notice.dataset_ids


def checks(limits: Limits) -> tuple[Check, ...]:
    def spared(got: DataAcquired) -> bool:
        return got.notice_exemption is not None or got.acquired_basis == "entrusted"

    def direct(got: DataAcquired) -> bool:
        return got.channel in DIRECT and got.by_principal

    def published(dataset: str, at: int, view: View) -> bool:
        """A notice that covers the dataset was in force at that moment (ms)."""
        named = view.entries(DATASET_NOTICES, dataset, at)
        return bool(named or view.entries(GENERAL_NOTICES, "all", at))

    def shown(got: DataAcquired, view: View) -> PurposePublished | None:
        """The version of the notice that a principal saw; None where it was none."""
        if got.notice_id is None or got.notice_shown_at is None:
            return None
        if got.notice_shown_at > got.occurred_at:
            return None
        at = got.notice_effective_from
        found = view.latest(
            NOTICES, got.notice_id, got.notice_shown_at if at is None else at,
            lambda n: covers(n, got.dataset_id),
        )  # fmt: skip
        return found if isinstance(found, PurposePublished) else None

    def name(got: DataAcquired) -> str:
        return got.acquisition_id or got.event_id

    def told(got: DataAcquired, view: View) -> Judgement | None:
        if spared(got):
            return NOT_APPLICABLE
        at, dataset = got.occurred_at, got.dataset_id
        if registered(dataset, at, view) is None:
            return Judgement("indeterminate", missing=(f"datasets {dataset}",))
        if direct(got):
            return PASS if shown(got, view) else Judgement("violation", "NO_NOTICE", name(got))
        if got.channel in WATCHING:
            known = published(dataset, at, view)
            return PASS if known else Judgement("violation", "NO_NOTICE", name(got))
        end = day_end(jst_day(at) + timedelta(days=limits.prompt_days))
        if published(dataset, end, view):
            return PASS
        if view.now <= end:
            missing = ("purpose.published",)
            return Judgement("indeterminate", None, name(got), missing=missing, until=end)
        return Judgement("violation", "NO_NOTICE", name(got), detected=end, since=at)

    def current(got: DataAcquired, view: View) -> Judgement | None:
        version = None if spared(got) or not direct(got) else shown(got, view)
        if version is None:
            return None
        latest = view.latest(
            NOTICES, version.notice_id, got.occurred_at, lambda n: covers(n, got.dataset_id)
        )
        if latest is None or version.effective_from >= latest.effective_from:
            return None
        return Judgement("violation", "OLD_NOTICE", name(got))

    def contact(got: DataAcquired, view: View) -> Judgement | None:
        version = None if spared(got) or not direct(got) else shown(got, view)
        if version is None or version.contact_included:
            return None
        return Judgement("violation", "NO_CONTACT", name(got))

    def specified(got: DataAcquired, view: View) -> Judgement | None:
        line = registered(got.dataset_id, got.occurred_at, view)
        if spared(got) or line is None or line.purpose_codes:
            return None
        return Judgement("violation", "PURPOSE_UNSPECIFIED", got.dataset_id)

    def by_notice(notice: PurposePublished) -> tuple[Look, ...]:
        since = notice.effective_from - (limits.prompt_days + 1) * DAY
        if not notice.dataset_ids:
            return (Look(DataAcquired, None, "", since),)
        looks = [Look(DataAcquired, "dataset_id", name, since) for name in notice.dataset_ids]
        return (*looks, Look(DataAcquired, "notice_id", notice.notice_id, since))

    def by_line(line: RegisterDataset) -> tuple[Look, ...]:
        return (Look(DataAcquired, "dataset_id", line.dataset_id, line.occurred_at),)

    def each(check: str, code: str, judge: Any) -> Each:
        return Each(
            check,
            (code,),
            (DataAcquired,),
            judge,
            by={DataAcquired: "principal_ref"},
            revisits={PurposePublished: by_notice, RegisterDataset: by_line},
            awaits=(PurposePublished,),
        )

    return (
        each("notice", "NO_NOTICE", told),
        each("version", "OLD_NOTICE", current),
        each("contact", "NO_CONTACT", contact),
        each("purpose", "PURPOSE_UNSPECIFIED", specified),
    )


def dataset(**given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-members", "purpose_codes": ["delivery"], **given}
    return event(RegisterDataset, "2026-04-01 09:00:00", **said)


def notice(effective_from: str, **given: Any) -> PurposePublished:
    said = {"notice_id": "n-1", "dataset_ids": ["ds-members"], "contact_included": True, **given}
    return event(PurposePublished, "2026-04-01 09:00:00", effective_from=effective_from, **said)


def acquired(**given: Any) -> DataAcquired:
    said = {
        "acquisition_id": "acq-1", "dataset_id": "ds-members", "channel": "web_form",
        "by_principal": True, "notice_id": "n-1", "notice_shown_at": "2026-11-11 09:59:00",
        **given,
    }  # fmt: skip
    return event(DataAcquired, "2026-11-11 10:00:00", **said)


NOTICE = notice("2026-04-01 09:00:00")

CONTROL = Control(
    id="CON-01",
    title=Text("取得時の利用目的の明示・公表", "Purpose told at or before acquisition"),
    requirement=Text(
        "直接書面取得は事前に利用目的等を明示し、その他は公表又は速やかに通知する（カメラ・録音を含む）。",
        "Direct written/web acquisition shows the purpose and contact beforehand; other "
        "acquisition is covered by a published notice or told promptly; cameras and call "
        "recording have a notice.",
    ),
    sources=sources(
        seeds="PYX-1.a; PYX-1.b; PYX-1.d; PER-1.1; PER-1.t05; PER-1.2; PER-1.3; MIX-P1a; "
        "JUS-2b; JUS-U1.0; JUS-U2.0; JUS-U2.2; JUS-U2.3; JUS-U5.0; JUS-L8",
        appi="Art.17(1); Art.21",
        ppc_guideline="3-1-1; 3-3-3; 3-3-4",
        pms_guideline="J.8.1; J.8.4; J.8.5",
    ),
    params=Limits(),
    codes={
        "NO_NOTICE": Code(
            "high",
            Text(
                "利用目的を示さず、公表もしていない取得。",
                "Acquired without a notice shown or in force.",
            ),
            Text("{subject}：利用目的を示していない。", "{subject}: no notice was given."),
        ),
        "OLD_NOTICE": Code(
            "medium",
            Text("古い版の通知を示した。", "An old version of the notice was shown."),
            Text("{subject}：古い版の通知。", "{subject}: an old notice was shown."),
        ),
        "NO_CONTACT": Code(
            "medium",
            Text("窓口のない通知を示した。", "The notice shown has no contact."),
            Text("{subject}：窓口のない通知。", "{subject}: the notice has no contact."),
        ),
        "PURPOSE_UNSPECIFIED": Code(
            "high",
            Text(
                "利用目的を特定していないデータの取得。",
                "Data came into a dataset that has no purpose.",
            ),
            Text("{subject}：利用目的が特定されていない。", "{subject}: has no purpose."),
        ),
    },
    checks=checks,
    evidence=Text("様式の版、通知番号、表示日時", "Form version, notice id, shown_at"),
    response=Text("様式を直し、通知する。", "Fix form, notify."),
    false_positives=Text("キャッシュされた様式。", "Cached forms."),
    examples=(
        breach(
            "NO_NOTICE",
            "取得の後に示した通知",
            "the notice shown a second after",
            dataset(),
            NOTICE,
            acquired(notice_shown_at="2026-11-11 10:00:01"),
            subject="acq-1",
            severity="high",
        ),
        fine(
            "NO_NOTICE",
            "取得の時に示した通知",
            "shown in that second",
            dataset(),
            NOTICE,
            acquired(notice_shown_at="2026-11-11 10:00:00"),
        ),
        breach(
            "NO_NOTICE",
            "掲示のないカメラ",
            "a camera before its notice took effect",
            dataset(),
            notice("2026-11-11 10:00:01"),
            acquired(channel="camera"),
        ),
        fine(
            "NO_NOTICE",
            "掲示のあるカメラ",
            "as it takes effect",
            dataset(),
            notice("2026-11-11 10:00:00"),
            acquired(channel="camera"),
        ),
        breach(
            "NO_NOTICE",
            "七日を過ぎた公表",
            "from a public source, published a second after seven days",
            dataset(),
            notice("2026-11-19 00:00:01"),
            acquired(channel="public_source"),
            until="2026-11-19T00:00:02+09:00",
        ),
        fine(
            "NO_NOTICE",
            "緊急の取得",
            "an emergency",
            dataset(),
            acquired(notice_id=None, notice_exemption="emergency"),
        ),
        breach(
            "OLD_NOTICE",
            "改定前の版",
            "the version before the last",
            dataset(),
            NOTICE,
            notice("2026-11-01 09:00:00"),
            acquired(notice_effective_from="2026-04-01 09:00:00"),
            subject="acq-1",
            severity="medium",
        ),
        fine(
            "OLD_NOTICE",
            "現行の版",
            "the latest one",
            dataset(),
            NOTICE,
            notice("2026-11-01 09:00:00"),
            acquired(notice_effective_from="2026-11-01 09:00:00"),
        ),
        breach(
            "NO_CONTACT",
            "窓口のない通知",
            "a notice without a contact",
            dataset(),
            notice("2026-04-01 09:00:00", contact_included=False),
            acquired(),
            subject="acq-1",
            severity="medium",
        ),
        fine(
            "NO_CONTACT",
            "窓口のある通知",
            "a notice with one",
            dataset(),
            notice("2026-04-01 09:00:00", contact_included=True),
            acquired(),
        ),
        breach(
            "PURPOSE_UNSPECIFIED",
            "目的のないデータ",
            "a dataset without a purpose",
            dataset(purpose_codes=[]),
            NOTICE,
            acquired(),
            subject="ds-members",
            severity="high",
        ),
        fine(
            "PURPOSE_UNSPECIFIED",
            "目的のあるデータ",
            "a dataset with one",
            dataset(purpose_codes=["delivery"]),
            NOTICE,
            acquired(),
        ),
        unknown("NO_NOTICE", "台帳にないデータ", "a dataset nobody registered", NOTICE, acquired()),
    ),
)
