"""How papers say days, spans and amounts."""

from datetime import date

from kitei.values import Span, Words

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def day_text(day: date) -> Words:
    """`2026年6月1日`, `1 June 2026`."""
    return Words(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")


def month_text(day: date) -> Words:
    """The month of a day: `2026年6月`, `June 2026`."""
    return Words(f"{day.year}年{day.month}月", f"{_MONTHS[day.month - 1]} {day.year}")


def span_text(span: Span) -> Words:
    """`2026/6/1–6/30`, `1–30 Jun 2026`; one day stands alone, an open span has no end."""
    first, last = span.first, span.last
    ja, en = f"{first.year}/{first.month}/{first.day}", _short(first)
    if last is None:
        return Words(f"{ja}–", f"{en} –")
    if last == first:
        return Words(ja, en)
    if first.year != last.year:
        return Words(f"{ja}–{last.year}/{last.month}/{last.day}", f"{en} – {_short(last)}")
    if first.month != last.month:
        return Words(f"{ja}–{last.month}/{last.day}", f"{en.rsplit(' ', 1)[0]} – {_short(last)}")
    return Words(f"{ja}–{last.month}/{last.day}", f"{first.day}–{_short(last)}")


def reason_words(name: str) -> Words:
    """Why a scrubber dropped packets; a reason not known here as it is."""
    return _REASONS.get(name, Words(name, name))


_REASONS = {
    "denied": Words("拒否の一覧", "denied"),
    "fragment": Words("フラグメント", "fragments"),
    "malformed": Words("不正な形", "malformed"),
    "amplified": Words("反射増幅", "amplified"),
    "unproven": Words("実在を示さない送信元", "unproven sources"),
    "source": Words("送信元ごとの上限", "over the limit of a source"),
    "ceiling": Words("契約の上限", "over the contract's ceiling"),
}


def yen_text(amount: int) -> str:
    """`¥12,345`, `−¥2,000` with a true minus sign."""
    return f"−¥{-amount:,}" if amount < 0 else f"¥{amount:,}"


def _short(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"
