"""CON-07  適正かつ必要最小限の取得 — data comes by known channels, and no more than needed."""

from __future__ import annotations

from typing import Any

from controls.books.core import SOURCES
from controls.books.purposes import registered
from controls.calendar import jst_day
from controls.events import DataAcquired, RegisterDataset, RegisterSource
from controls.examples import breach, event, fine, unknown
from controls.kernel import PASS, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Check, Each, Look


class Limits(Params):
    my_number_fields: tuple[str, ...] = limit(
        ("my_number", "individual_number"), "", "個人番号の項目。", "Fields of the My Number."
    )


OBSERVED = ("camera", "log", "phone_recording")
"""Channels in which nobody else can be the source."""


def checks(limits: Limits) -> tuple[Check, ...]:
    numbers = set(limits.my_number_fields)

    def fields(got: DataAcquired, view: View) -> Judgement | None:
        line = registered(got.dataset_id, got.occurred_at, view)
        if line is None:
            return Judgement("indeterminate", missing=(f"datasets {got.dataset_id}",))
        extra = sorted(set(got.fields) - set(line.items) - numbers)
        if not extra:
            return PASS
        subject = f"{got.dataset_id}|{','.join(extra)}"
        return Judgement("violation", "EXTRA_FIELDS", subject)

    def source(got: DataAcquired, view: View) -> Judgement | None:
        if got.by_principal or got.channel in OBSERVED or got.source_id_ext is not None:
            return None
        return Judgement("violation", "NO_SOURCE", f"{got.dataset_id}|{jst_day(got.occurred_at)}")

    def channel(got: DataAcquired, view: View) -> Judgement | None:
        line = registered(got.dataset_id, got.occurred_at, view)
        if line is None:
            return None
        if line.channels is None:
            known = view.latest(SOURCES, got.source_id, got.occurred_at) is not None
        else:
            known = got.channel in line.channels
        if known:
            return None
        return Judgement("violation", "UNREGISTERED_CHANNEL", f"{got.dataset_id}|{got.channel}")

    def number(got: DataAcquired, view: View) -> Judgement | None:
        line = registered(got.dataset_id, got.occurred_at, view)
        if line is None or not numbers.intersection(got.fields):
            return None
        if line.dataset_class == "my_number":
            return None
        return Judgement("violation", "MY_NUMBER", got.acquisition_id or got.event_id)

    def by_line(line: RegisterDataset) -> tuple[Look, ...]:
        return (Look(DataAcquired, "dataset_id", line.dataset_id, line.occurred_at),)

    def by_source(line: RegisterSource) -> tuple[Look, ...]:
        return (Look(DataAcquired, "source_id", line.monitored_source_id, line.occurred_at),)

    def each(name: str, code: str, judge: Any) -> Each:
        return Each(
            name,
            (code,),
            (DataAcquired,),
            judge,
            by={DataAcquired: "principal_ref"},
            revisits={RegisterDataset: by_line, RegisterSource: by_source},
        )

    return (
        each("fields", "EXTRA_FIELDS", fields),
        each("source", "NO_SOURCE", source),
        each("channel", "UNREGISTERED_CHANNEL", channel),
        each("number", "MY_NUMBER", number),
    )


def dataset(**given: Any) -> RegisterDataset:
    said = {
        "dataset_id": "ds-members", "items": ["name", "email"], "channels": ["web_form"], **given,
    }  # fmt: skip
    return event(RegisterDataset, "2026-04-01 09:00:00", **said)


def acquired(**given: Any) -> DataAcquired:
    said = {
        "acquisition_id": "acq-1", "dataset_id": "ds-members", "channel": "web_form",
        "by_principal": True, "fields": ["name"], **given,
    }  # fmt: skip
    return event(DataAcquired, "2026-11-11 10:00:00", **said)


CONTROL = Control(
    id="CON-07",
    title=Text("適正かつ必要最小限の取得", "Proper and minimal acquisition"),
    requirement=Text(
        "登録した適正な経路で必要項目のみ取得し、間接取得は取得元を記録する。",
        "Data comes by registered lawful channels, fields within the register, source recorded "
        "when not from the principal.",
    ),
    sources=sources(
        seeds="PYX-1.a; PYX-1.b; PYX-1.c; PYX-1.d; PYX-1.e; PER-1.9; PER-1.10; MIX-P2; PIC-B1a; "
        "JUS-2a; JUS-U2.0; JUS-U5.0; JUS-U5.2",
        appi="Art.20(1); Art.17",
        ppc_guideline="3-3-1",
        pms_guideline="J.8.2; J.8.4",
    ),
    params=Limits(),
    codes={
        "EXTRA_FIELDS": Code(
            "medium",
            Text("台帳にない項目の取得。", "Fields that the register does not have."),
            Text("{subject}：台帳にない項目。", "{subject}: fields that are not registered."),
        ),
        "NO_SOURCE": Code(
            "medium",
            Text(
                "本人以外からの取得で取得元の記録がない。",
                "Not from the principal, and nobody says from whom.",
            ),
            Text("{subject}：取得元の記録がない。", "{subject}: no source was recorded."),
        ),
        "UNREGISTERED_CHANNEL": Code(
            "medium",
            Text("登録のない経路による取得。", "By a channel that is not registered."),
            Text("{subject}：登録のない経路。", "{subject}: by an unregistered channel."),
        ),
        "MY_NUMBER": Code(
            "critical",
            Text(
                "個人番号を専用でないデータに取得した。",
                "A My Number in a dataset that is not for it.",
            ),
            Text("{subject}：個人番号の取得。", "{subject}: a My Number was acquired."),
        ),
    },
    checks=checks,
    evidence=Text("項目の差", "Field diff"),
    response=Text("項目を除く。", "Drop fields."),
    false_positives=Text("自由記述。", "Free text."),
    examples=(
        breach(
            "EXTRA_FIELDS",
            "台帳にない項目",
            "a field that is not registered",
            dataset(),
            acquired(fields=["blood_type"]),
            subject="ds-members|blood_type",
            severity="medium",
        ),
        fine(
            "EXTRA_FIELDS", "台帳の項目", "a registered one", dataset(), acquired(fields=["name"])
        ),
        breach(
            "NO_SOURCE",
            "取得元のない名簿",
            "a list from nobody knows where",
            dataset(channels=["public_source"]),
            acquired(channel="public_source", by_principal=False),
            subject="ds-members|2026-11-11",
            severity="medium",
        ),
        fine(
            "NO_SOURCE",
            "取得元を記録した名簿",
            "a list whose source is recorded",
            dataset(channels=["public_source"]),
            acquired(channel="public_source", by_principal=False, source_id_ext="gazette"),
        ),
        breach(
            "UNREGISTERED_CHANNEL",
            "登録のない経路",
            "by telephone, which is not registered",
            dataset(),
            acquired(channel="oral"),
            subject="ds-members|oral",
            severity="medium",
        ),
        fine(
            "UNREGISTERED_CHANNEL",
            "登録した経路",
            "by the form",
            dataset(),
            acquired(channel="web_form"),
        ),
        breach(
            "MY_NUMBER",
            "会員情報への個人番号",
            "a My Number among members' data",
            dataset(),
            acquired(fields=["my_number"]),
            subject="acq-1",
            severity="critical",
        ),
        fine(
            "MY_NUMBER",
            "個人番号の専用データ",
            "in the dataset that is for it",
            dataset(dataset_class="my_number"),
            acquired(fields=["my_number"]),
        ),
        unknown("EXTRA_FIELDS", "台帳にないデータ", "a dataset nobody registered", acquired()),
    ),
)
