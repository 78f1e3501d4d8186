"""Editions by what people call them: `managed-vpn-pro@2024-05-01`, or the folder of one not published yet."""

from datetime import date
from pathlib import Path

from kitei.catalogue import SERVICES, packages, service_named
from kitei.desk import Fault, Unreadable
from kitei.terms import Edition, FaultyTerms, load_edition
from kitei.terms.tables import Fault as TermsFault
from kitei.values import Words


def edition_called(name: str, service: str | None = None) -> Edition:
    """The edition that a name or folder means; a folder's is of `service`, else of the one it lies within.

    Raises Unreadable with every fault of a folder's files, and for what is neither.
    """
    if (folder := Path(name)).is_dir():
        return _of_folder(folder, service or _service_around(folder))
    known, mark, day = name.partition("@")
    if not mark:
        raise _wrong(
            name,
            "版の名前でもフォルダでもありません。managed-vpn-pro@2024-05-01 のように書いてください",
            "is neither a folder nor an edition such as managed-vpn-pro@2024-05-01",
        )
    try:
        return service_named(known).terms.named(date.fromisoformat(day))
    except (LookupError, ValueError) as error:
        told = str(error.args[0])
        raise _wrong(name, told, told) from None


def _of_folder(folder: Path, service: str | None) -> Edition:
    if service is None or service not in SERVICES:
        known = ", ".join(SERVICES)
        raise _wrong(
            service or str(folder),
            f"どのサービスの版か分かりません。--service で {known} のどれかを指定してください",
            f"of which service? say one of {known} with --service",
        )
    try:
        return load_edition(service, folder.resolve())
    except FaultyTerms as error:
        raise Unreadable(tuple(map(_told, error.faults))) from None


def _service_around(folder: Path) -> str | None:
    """The service that a folder lies within by name or package (`.../managed_vpn/terms/2026-10-01`), None: not told."""
    homes = {package.rpartition(".")[2]: name for name, package in packages().items()}
    for part in reversed(folder.resolve().parts):
        if (found := homes.get(part, part)) in SERVICES:
            return found
    return None


def _told(fault: TermsFault) -> Fault:
    where = f"{fault.file}:{fault.line}" if fault.line else fault.file
    place = f"{where}: {fault.place}" if fault.place else where
    return Fault(place, Words(fault.wrong, fault.wrong))


def _wrong(place: str, ja: str, en: str) -> Unreadable:
    return Unreadable((Fault(place, Words(ja, en)),))
