"""Signatures of attacks and of harmful files, in Suricata's language: a package that the operator hands out. Pure.

They only say what is seen: what is done about it, profiles decide. So each says `alert`, and what would act by
itself, reach files or run programs is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kitei.values import Words

OWN: Final = 4_000_000_000
"""From this number on signatures are the engine's own."""

SEVERITIES: Final = ("high", "medium", "low", "note")
# Categories by severity, as Suricata's own list has them.
_CATEGORIES: Final = (
    "attempted-admin attempted-user command-and-control credential-theft domain-c2 exploit-kit inappropriate-content"
    " policy-violation shellcode-detect successful-admin successful-user targeted-activity trojan-activity"
    " unsuccessful-user web-application-attack",
    "attempted-dos attempted-recon bad-unknown coin-mining default-login-attempt denial-of-service external-ip-check"
    " misc-attack non-standard-protocol pup-activity rpc-portmap-decode social-engineering successful-dos"
    " successful-recon-largescale successful-recon-limited suspicious-filename-detect suspicious-login"
    " system-call-detect unusual-client-port-connection web-application-activity",
    "icmp-event misc-activity network-scan not-suspicious protocol-command-decode string-detect unknown",
    "tcp-connection",
)
CATEGORIES: Final[Mapping[str, int]] = MappingProxyType(
    {name: n for n, names in enumerate(_CATEGORIES) for name in names.split()}
)
_REFUSED: Final = frozenset(
    [
        "bypass",
        "datarep",
        "dataset",
        "filemd5",
        "filesha1",
        "filesha256",
        "filestore",
        "iprep",
        "lua",
        "luajit",
        "nfq_set_mark",
        "replace",
        "tag",
    ]
)
VARIABLES: Final = (
    "HOME_NET", "EXTERNAL_NET", "HTTP_SERVERS", "SMTP_SERVERS", "SQL_SERVERS", "DNS_SERVERS", "TELNET_SERVERS",
    "AIM_SERVERS", "DC_SERVERS", "DNP3_SERVER", "DNP3_CLIENT", "MODBUS_CLIENT", "MODBUS_SERVER", "ENIP_CLIENT",
    "ENIP_SERVER",
)  # fmt: skip
PORTS: Final = ("HTTP_PORTS", "SHELLCODE_PORTS", "ORACLE_PORTS", "SSH_PORTS", "FTP_PORTS", "FILE_DATA_PORTS")
_LINE: Final = re.compile(
    r"(\w+)\s+([\w-]+)\s+([^\s(]+)\s+([^\s(]+)\s+(->|<>)\s+([^\s(]+)\s+([^\s(]+)\s+\((.*)\)"
)
_OPTION: Final = re.compile(r'\s*([\w.-]+)\s*(?::\s*((?:"(?:\\.|[^"\\])*"|\\.|[^;"\\])*))?;')
_NAMED: Final = re.compile(r"\$(\w+)")
_LONGEST: Final = 8000  # characters; Suricata reads 8,192


@dataclass(frozen=True, slots=True)
class Signature:
    """One of them. `head` and `body` are its line without `alert` and without its message; a `silent` one only
    leaves a mark for others, and is never acted on."""

    sid: int
    message: str
    category: str
    severity: str
    head: str
    body: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Faulty:
    """A line that cannot be used, and why."""

    line: int
    why: Words


def read_signatures(text: str) -> tuple[tuple[Signature, ...], tuple[Faulty, ...]]:
    """All of a package, a signature a line (`#` begins a remark, `\\` at its end goes on), and every fault."""
    found: dict[int, Signature] = {}
    faults: list[Faulty] = []
    for number, line in _lines(text):
        told = _signature(line)
        if isinstance(told, Words):
            faults.append(Faulty(number, told))
        elif told.sid in found:
            faults.append(
                Faulty(number, Words(f"sid {told.sid} は二度目です", f"sid {told.sid} stands twice"))
            )
        else:
            found[told.sid] = told
    return tuple(found.values()), tuple(faults)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines, each with the number it begins at."""
    held, begun = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun if held else number
        held += line.strip()
        if held.endswith("\\"):
            held = held[:-1]
            continue
        if held and not held.startswith("#"):
            yield begun, held
        held = ""
    if held:
        yield begun, held


def _signature(line: str) -> Signature | Words:
    found = _LINE.fullmatch(line)
    if found is None or len(line) > _LONGEST:
        sample = 'alert tcp any any -> any any (msg:"…"; content:"…"; classtype:…; sid:…;)'
        return Words(f"{sample} の形ではありません", f"is not written as {sample}, or too long")
    if found[1] != "alert":
        return Words(
            f"{found[1]} ではなく alert です。どうするかは方針が決めます",
            f"is alert, not {found[1]}: what is done about it is for policies to decide",
        )
    options = _options(found[8])
    if options is None:
        return Words("括弧の中が読めません", "what is in its brackets cannot be read")
    if wrong := _unfit(found, options):
        return wrong
    told = {name: value for name, value in options}
    category = told.get("classtype", "unknown")
    body = "".join(
        f"{name}:{value}; " if value is not None else f"{name}; "
        for name, value in options
        if name not in ("msg", "classtype", "priority", "rev", "gid", "reference", "metadata")
    )
    head = line[len("alert") : found.start(8) - 1].strip()
    message = (told["msg"] or "").removeprefix('"').removesuffix('"')
    silent = "noalert" in told or ("flowbits", "noalert") in options
    severity = SEVERITIES[CATEGORIES[category or ""]]
    return Signature(int(told["sid"] or 0), message, category or "", severity, head, body, silent)


def _options(text: str) -> list[tuple[str, str | None]] | None:
    found: list[tuple[str, str | None]] = []
    at = 0
    while text[at:].strip():
        option = _OPTION.match(text, at)
        if option is None:
            return None
        found.append((option[1], option[2].strip() if option[2] is not None else None))
        at = option.end()
    return found


def _unfit(found: re.Match[str], options: list[tuple[str, str | None]]) -> Words | None:
    told = dict(options)
    sid, category = told.get("sid") or "", told.get("classtype", "unknown")
    if not sid.isdecimal() or not 1 <= int(sid) < OWN:
        return Words(f"sid は 1 から {OWN - 1} です", f"has a sid from 1 to {OWN - 1}")
    if not (told.get("msg") or "").strip('" '):
        return Words("msg がありません", "has no msg")
    if category not in CATEGORIES:
        return Words(f"{category} という classtype はありません", f"has no classtype {category}")
    for name, _ in options:
        if name in _REFUSED:
            return Words(f"{name} は使えません", f"may not have {name}")
    known = {*VARIABLES, *PORTS}
    for name in _NAMED.findall(" ".join(found.group(3, 4, 6, 7))):
        if name not in known:
            return Words(f"${name} という変数はありません", f"there is no ${name}")
    return None
