"""The conventions as a page for readers, in Markdown."""

from kitei.terms.conventions import Convention, known_conventions
from kitei.values import Language, Words

GROUPS = {
    "common": Words("どのサービスにも", "Every service"),
    "managed-vpn-pro": Words("マネージド VPN PRO", "Managed VPN PRO"),
    "secure-access": Words("セキュアアクセス", "Secure Access"),
    "gio-remote-access": Words("GIO リモートアクセス", "GIO Remote Access"),
    "auth-outsource": Words("認証アウトソース", "Authentication Outsource"),
    "ddos-protection": Words("DDoS プロテクション", "DDoS Protection"),
}

_TITLE = Words("約束", "Conventions")
_OTHER = Words("[English](conventions.md)", "[日本語](conventions.ja.md)")
_INTRO = Words(
    "サービスの規程が決めていない所を、名前の付いた**約束**として読みます。"
    "決定と金額はどれも、使った約束とその値を携えています。\n\n"
    "表の一行目が既定の読み方です。事業者は、ある日からの行いについて別の読み方を選べます。"
    "確かさが「低」の約束でも決定はしますが、人の確認が要る印が付きます。",
    "Where the terms leave something open, Kitei reads it by a named **convention**. "
    "Every decision and amount carries the conventions it used, with their values.\n\n"
    "The first row of each table is the default. An operator may choose another reading for acts from a day on. "
    "A convention of low confidence decides all the same, but what rests on it is marked for review.",
)
_HEADS = Words("| 値 | 読み方 |", "| Value | Reading |")
_DEFAULT = Words("(既定)", " (default)")
_SURE = {
    "H": Words("確かさ:高。", "Confidence: high."),
    "M": Words("確かさ:中。", "Confidence: medium."),
    "L": Words("確かさ:低(確認の印が付く)。", "Confidence: low (marked for review)."),
}
_CHANGES = {
    "dates": Words("別の読み方では日付が変わります。", "Another reading changes dates."),
    "money": Words("別の読み方では金額が変わります。", "Another reading changes amounts."),
    "decision": Words("別の読み方では可否が変わります。", "Another reading changes what is accepted."),
}


def conventions_page(language: Language) -> str:
    """All conventions with their readings, grouped by the service they concern."""
    sections = [f"# {_TITLE.to(language)}", _OTHER.to(language), _INTRO.to(language)]
    known = known_conventions().values()
    for group, title in GROUPS.items():
        sections.append(f"## {title.to(language)}")
        sections.extend(_section(each, language) for each in known if each.concerns == group)
    return "\n\n".join(sections) + "\n"


def _section(convention: Convention, language: Language) -> str:
    rows = [
        f"| `{way.value}`{_DEFAULT.to(language) if way.value == convention.default else ''} "
        f"| {way.gist.to(language)} |"
        for way in convention.ways
    ]
    notes = [convention.why, _SURE[convention.confidence]]
    if len(rows) > 1:
        notes.append(_CHANGES[convention.affects])
    return "\n\n".join(
        [
            f"### `{convention.key}`",
            convention.gist.to(language),
            "\n".join([_HEADS.to(language), "| --- | --- |", *rows]),
            ("" if language == "ja" else " ").join(note.to(language) for note in notes),
        ]
    )
