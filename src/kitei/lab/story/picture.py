"""The provider's networks as one picture (SVG 1.1): hubs above, children below, a line a protected link."""

from html import escape
from typing import Final

from kitei.lab.story.stage import Stage
from kitei.network.parts import SecureLink
from kitei.services.managed_vpn.contract import Site
from kitei.values import Words

WIDTH: Final = 1100
ROW: Final = 250
BOX: Final = (120, 44)


def topology(stage: Stage) -> str:
    """All VPN networks in force, with their devices, LANs and links as the nodes were told."""
    networks = list(dict.fromkeys(site.network for site in stage.sites()))
    height = ROW * len(networks) + 40
    rows = [part for index, name in enumerate(networks) for part in _network(stage, name, 30 + ROW * index)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            'font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *rows,
            "</svg>",
            "",
        ]
    )


def _network(stage: Stage, name: str, top: int) -> list[str]:
    language = stage.telling.language
    parent, children = stage.parent(name), stage.children(name)
    title = Words(f"VPN 網 {name}({parent.item})", f"VPN network {name} ({parent.item})").to(language)
    places = _devices(stage, parent, WIDTH // 2, top + 40)
    for index, child in enumerate(children):
        middle = int(WIDTH * (index + 0.5) / max(1, len(children)))
        places |= _devices(stage, child, middle, top + 150)
    drawn = [f'<text x="20" y="{top + 8}" font-size="15" font-weight="bold">{escape(title)}</text>']
    intent = stage.publishing.published_intent()
    for node, (x, y, _) in places.items():
        for part in intent.nodes[node].parts:
            if isinstance(part, SecureLink) and part.dials:
                peer = part.remote_name.removesuffix(f".{name}")
                if peer in places:
                    hub_x, hub_y, _ = places[peer]
                    drawn.append(
                        f'<line x1="{x}" y1="{y}" x2="{hub_x}" y2="{hub_y + BOX[1]}" stroke="#4878a8" stroke-width="1.5"/>'
                    )
    for node, (x, y, site) in places.items():
        lans = ", ".join(lan.prefix for lan in site.lans)
        fill = "#dbe9f6" if site.kind == "parent" else "#eef4e6"
        drawn += [
            f'<rect x="{x - BOX[0] // 2}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="6" fill="{fill}" stroke="#345"/>',
            f'<text x="{x}" y="{y + 18}" text-anchor="middle" font-weight="bold">{escape(node)}</text>',
            f'<text x="{x}" y="{y + 34}" text-anchor="middle" font-size="9">{escape(lans)}</text>',
        ]
    return drawn


def _devices(stage: Stage, site: Site, middle: int, y: int) -> dict[str, tuple[int, int, Site]]:
    """Where each device of a site is drawn: by its node, the middle of its upper edge."""
    count = len(site.devices)
    return {
        stage.node(site, device.slot): (middle + int((index - (count - 1) / 2) * (BOX[0] + 16)), y, site)
        for index, device in enumerate(site.devices)
    }
