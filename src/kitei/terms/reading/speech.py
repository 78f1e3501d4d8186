"""How a provision id is said: `art:9.2` is 第9条第2項, art. 9(2)."""

from kitei.values import Words


def spoken(id: str) -> Words:
    kind, _, rest = id.partition(":")
    numbers = rest.split(".")
    plain = [number for number in numbers if number.isdecimal() or "-" in number]
    tail = [number for number in numbers if number not in plain]
    match kind:
        case "art" if plain:
            ja = f"第{plain[0].replace('-', '条の') if '-' in plain[0] else plain[0] + '条'}"
            ja += "".join(f"第{n}{unit}" for n, unit in zip(plain[1:], ("項", "号"), strict=False))
            return Words(
                ja + _more(tail), f"art. {plain[0]}" + "".join(f"({n})" for n in plain[1:]) + _more(tail)
            )
        case "schedule" if plain:
            more = plain[1] + "".join(f"({n})" for n in plain[2:]) if plain[1:] else ""
            ja = f"別紙{plain[0]}" + (f"の{more}" if more else "")
            return Words(
                ja + _more(tail), f"schedule {plain[0]}" + (f", {more}" if more else "") + _more(tail)
            )
        case "suppl":
            day, *paragraphs = rest.split(".")
            ja = f"附則({day})" + "".join(f"第{n}項" for n in paragraphs)
            return Words(ja, f"suppl. {day}" + "".join(f"({n})" for n in paragraphs))
    return Words(id, id)


def _more(tail: list[str]) -> str:
    return "".join(f".{each}" for each in tail)
