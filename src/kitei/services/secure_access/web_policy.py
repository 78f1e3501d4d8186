"""The policy for the Web that a customer decides (article 7(1)), as a TOML document.

    default = "allow"
    inspect = true
    sign-in = true
    page = { ja = "お問い合わせは内線 1234", en = "Ask extension 1234" }
    [sources]
    "10.8.0.5" = "alice"
    [lists]
    partners = ["example.co.jp", "192.0.2.8"]
    [sandbox]
    largest-mib = 32
    [[rule]]
    id = "r-games"
    action = "block"
    categories = ["games"]
    groups = ["sales"]
    days = ["mon", "tue"]
    hours = ["09:00-18:00"]
    until = 2027-03-31
    reason = { ja = "業務時間中です", en = "not in office hours" }

A release (`[[release]]` with an `id` and the `sha256` of a held body) lets that body pass once.
Categories are the provider's lists; a list of the customer's own stands here, or was put away under its name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any, Final, Literal, cast

from kitei.proxy.hosts import host_of, path_of
from kitei.proxy.policy import USUAL, Network, Policy, Rule, Sandbox
from kitei.services.secure_access.document import Reader, Unreadable

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CATEGORY: Final = "category."  # before the name of a provider's list, so that it is told from a customer's
_TOP: Final = ("default", "inspect", "sign-in", "page", "sources", "lists", "sandbox", "rule", "release")
_RULE: Final = (
    *("id", "action", "categories", "lists", "domains", "urls", "users", "groups"),
    *("days", "hours", "until", "reason"),
)
_SANDBOX: Final = ("largest-mib", "seconds", "too-large", "unsure")
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class WebDocument:
    """What stands in it: a policy that knows nobody's groups yet, and the lists written out in it."""

    policy: Policy
    lists: Mapping[str, tuple[str, ...]]

    @property
    def listed(self) -> tuple[str, ...]:
        """The lists its rules name."""
        return tuple(sorted({name for rule in self.policy.rules for name in rule.lists}))

    @property
    def named(self) -> tuple[str, ...]:
        """Whom its rules and sources name: `user:alice`, `group:sales`."""
        users = {user for rule in self.policy.rules for user in rule.users}
        users |= {user for _, user in self.policy.sources}
        groups = {group for rule in self.policy.rules for group in rule.groups}
        return tuple(sorted({*(f"user:{each}" for each in users), *(f"group:{each}" for each in groups)}))


def read_web_policy(
    text: str, categories: tuple[str, ...] | None = None, own: tuple[str, ...] = ()
) -> WebDocument:
    """`categories` are the provider's lists that there are (None: any may be), `own` those of the customer's that
    were put away. Unreadable: the faults."""
    reader = _WebReader(categories, own)
    document = reader.web(text)
    if reader.faults:
        raise Unreadable(reader.faults)
    return document


def compile_web_policy(
    document: WebDocument,
    contract: str,
    version: int,
    people: Mapping[str, tuple[str, ...]],
    devices: Mapping[Network, str],
) -> Policy:
    """The policy as a gateway asks it. `people` are the accounts with their groups, `devices` the addresses that
    remote connect gave them."""
    sources = (*document.policy.sources, *devices.items())
    return replace(document.policy, contract=contract, version=version, people=people, sources=sources)


class _WebReader(Reader):
    def __init__(self, categories: tuple[str, ...] | None, own: tuple[str, ...]) -> None:
        super().__init__()
        self.categories = categories
        self.own = own

    def web(self, text: str) -> WebDocument:
        top = self.document(text, _TOP)
        lists = self.lists(top.get("lists", {}))
        ids: set[str] = {"default"}
        rules = tuple(
            self.rule(place, each, ids, (*self.own, *lists))
            for place, each in self.tables("rule", top.get("rule", []), _RULE)
        )
        default = self.one_of("default", top.get("default"), ("allow", "block"))
        policy = Policy(
            contract="",
            version=0,
            rules=rules,
            default=cast(Literal["allow", "block"], default),
            inspect=self.truth("inspect", top.get("inspect", False)),
            sign_in=self.truth("sign-in", top.get("sign-in", False)),
            page=self.words("page", top.get("page", "")),
            sources=self.sources(top.get("sources", {})),
            sandbox=self.sandbox(top.get("sandbox", {})),
            released=self.releases(top.get("release", [])),
        )
        for n, rule in enumerate(rules, 1):
            if rule.urls and not policy.inspect:
                ja = "inspect = true が要ります(なければ http:// しか見えません)"
                self.fault(f"rule {n}.urls", ja, "needs inspect = true; without it only http:// is seen")
        return WebDocument(policy, lists)

    def lists(self, written: Any) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        known: set[str] = set()
        for name, names in self.table(
            "lists", written, tuple(written) if isinstance(written, Mapping) else ()
        ).items():
            place = f"lists.{name}"
            self.name(place, name, known)
            if name in self.own:
                self.fault(place, f"{name} は別に登録済みです", f"{name!r} was put away already")
            found[name] = self.several(place, names, self.host)
        return found

    def rule(self, place: str, table: Mapping[str, Any], ids: set[str], lists: tuple[str, ...]) -> Rule:
        def several(key: str, read: Any) -> tuple[Any, ...]:
            here = f"{place}.{key}"
            found = self.several(here, table.get(key, []), read)
            if table.get(key) == []:
                self.fault(here, "空です(書かなければ限りません)", "is empty; leave it out to narrow nothing")
            return found

        action = self.one_of(f"{place}.action", table.get("action"), ("allow", "block", "no-inspect"))
        rule = Rule(
            id=self.name(f"{place}.id", table.get("id"), ids),
            action=cast(Literal["allow", "block", "no-inspect"], action),
            lists=(
                *several("categories", self.category),
                *several("lists", lambda at, each: self.one_of(at, each, lists or ("-",))),
            ),
            domains=several("domains", self.host),
            urls=several("urls", self.url),
            users=several("users", self.who),
            groups=several("groups", self.who),
            days=several("days", lambda at, each: DAYS.index(self.one_of(at, each, DAYS))),
            hours=several("hours", self.hours),
            until=self.day(f"{place}.until", table["until"]) if "until" in table else None,
            reason=self.words(f"{place}.reason", table.get("reason", "")),
        )
        if rule.action == "no-inspect" and rule.urls:
            ja = "URL では決められません(復号する前に決まります)。domains か lists に書きます"
            self.fault(f"{place}.urls", ja, "cannot be told before TLS is opened; use domains or lists")
        return rule

    def category(self, place: str, written: Any) -> str:
        if self.categories is None:
            return CATEGORY + self.name(place, written, set())
        return CATEGORY + self.one_of(place, written, self.categories or ("-",))

    def host(self, place: str, written: Any) -> str | None:
        found = host_of(written) if isinstance(written, str) else None
        if found is None:
            ja = f"{written!r} はホスト名でも IP アドレスでもありません(例 example.co.jp)"
            self.fault(place, ja, f"{written!r} is neither a host name such as example.co.jp nor an address")
        return found

    def url(self, place: str, written: Any) -> tuple[str, str] | None:
        """`example.co.jp/videos/`, with or without `https://`: the host and all below it, and how a path begins."""
        bare = re.sub(r"^https?://", "", written) if isinstance(written, str) else ""
        name, slash, path = bare.partition("/")
        host = host_of(name)
        if host is None or not slash or "?" in path or "#" in path:
            ja = f"{written!r} はホストとパスではありません(例 example.co.jp/videos/。? や # は書けません)"
            self.fault(
                place, ja, f"{written!r} is no host and path such as example.co.jp/videos/ (without ? or #)"
            )
            return None
        return host, path_of("/" + path)

    def who(self, place: str, written: Any) -> str | None:
        if not isinstance(written, str) or not written or any(ord(each) < 33 for each in written):
            self.fault(place, f"{written!r} は名前ではありません", f"{written!r} is no name such as alice")
            return None
        return written

    def hours(self, place: str, written: Any) -> tuple[int, int] | None:
        found = _HOURS.fullmatch(written) if isinstance(written, str) else None
        begin, end = (60 * int(found[n]) + int(found[n + 1]) for n in (1, 3)) if found else (0, 0)
        if begin == end or end > 24 * 60:
            ja = f"{written!r} は時間帯ではありません(例 09:00-18:00、22:00-05:00)"
            self.fault(place, ja, f"{written!r} are no hours such as 09:00-18:00 or 22:00-05:00")
            return None
        return begin, end

    def sources(self, written: Any) -> tuple[tuple[Network, str], ...]:
        if not isinstance(written, Mapping):
            self.fault("sources", "[sources] という表です", "is a table, [sources]")
            return ()
        found: dict[Network, str] = {}
        for key, user in written.items():
            try:
                network = ip_network(key)
            except ValueError:
                ja = f"{key!r} はアドレスでもプレフィックスでもありません(例 10.8.0.5、2001:db8::/64)"
                self.fault(
                    "sources", ja, f"{key!r} is no address or prefix such as 10.8.0.5 or 2001:db8::/64"
                )
                continue
            if network in found:
                self.fault("sources", f"{network} が二度あります", f"{network} stands twice")
            told = self.who(f"sources.{key}", user)
            if told is not None:
                found[network] = told
        return tuple(found.items())

    def releases(self, written: Any) -> tuple[tuple[str, str], ...]:
        names: set[str] = set()
        found = []
        for place, table in self.tables("release", written, ("id", "sha256")):
            digest = table.get("sha256")
            if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                ja = f"{digest!r} は SHA-256 ではありません(16 進 64 桁)"
                self.fault(f"{place}.sha256", ja, f"{digest!r} is no SHA-256 (64 hexadecimal digits)")
                digest = ""
            found.append((self.name(f"{place}.id", table.get("id"), names), str(digest).lower()))
        return tuple(found)

    def sandbox(self, written: Any) -> Sandbox:
        table = self.table("sandbox", written, _SANDBOX)
        fates = ("block", "pass")
        usual = USUAL
        largest = self.number("sandbox.largest-mib", table.get("largest-mib", usual.largest >> 20), 1, 512)
        too_large = self.one_of("sandbox.too-large", table.get("too-large", usual.too_large), fates)
        unsure = self.one_of("sandbox.unsure", table.get("unsure", usual.unsure), fates)
        return Sandbox(
            largest << 20,
            self.number("sandbox.seconds", table.get("seconds", usual.seconds), 1, 300),
            cast(Literal["block", "pass"], too_large),
            cast(Literal["block", "pass"], unsure),
        )
