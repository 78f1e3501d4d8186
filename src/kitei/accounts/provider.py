"""Who issues an invoice and who receives it."""

from collections.abc import Mapping
from dataclasses import dataclass

from kitei.accounts.registration import registration_number
from kitei.values import Json, JsonObject, Words

NOWHERE = Words("", "")


@dataclass(frozen=True, slots=True)
class Provider:
    """The issuer as an invoice shows it. `registration` is T and 13 digits; `payment` says how to pay."""

    name: Words
    registration: str
    address: Words
    contact: str
    payment: Words | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who an invoice is made out to. Kept outside the ledger, found by the customer's id."""

    name: Words
    address: Words = NOWHERE


def provider_of(body: Mapping[str, Json]) -> Provider:
    """Read a provider: `name`, `address` (both `{ja, en}`), `registration`, `contact`, and maybe `payment`.

    ValueError lists every fault with what would be right.
    """
    faults: list[str] = []
    name, address = _words(body, "name", faults), _words(body, "address", faults)
    payment = _words(body, "payment", faults) if body.get("payment") is not None else None
    registration = body.get("registration")
    try:
        registration = registration_number(str(registration or ""))
    except ValueError as wrong:
        faults.append(f"registration: {wrong}")
    contact = body.get("contact")
    if not isinstance(contact, str) or not contact.strip():
        faults.append(f"contact: {contact!r} is not a telephone number or an address to write to")
    if faults:
        raise ValueError("; ".join(faults))
    return Provider(name, str(registration), address, str(contact), payment)


def provider_json(provider: Provider) -> JsonObject:
    return {
        "name": {"ja": provider.name.ja, "en": provider.name.en},
        "registration": provider.registration,
        "address": {"ja": provider.address.ja, "en": provider.address.en},
        "contact": provider.contact,
        "payment": {"ja": provider.payment.ja, "en": provider.payment.en} if provider.payment else None,
    }


def _words(body: Mapping[str, Json], key: str, faults: list[str]) -> Words:
    value = body.get(key)
    if isinstance(value, Mapping):
        ja, en = value.get("ja"), value.get("en")
        if isinstance(ja, str) and isinstance(en, str) and ja.strip() and en.strip():
            return Words(ja, en)
    faults.append(f"{key}: {value!r} is not a text in both languages such as {{ja = '…', en = '…'}}")
    return Words("", "")
