"""Fifty sites in the lab, from nothing to every probe green, beside the engines' own start by hand."""

from by_hand.trials import in_room
from figure import Figure
from with_kitei import trials

SITES = 50
WITHIN = 15.0


def measure() -> list[Figure]:
    """Kitei's time holds room, controller, keys, certificates, agents and probes; the peer's, engines alone."""
    figures = []
    for hubs, what in ((1, "single star"), (2, "dual star, BGP and BFD")):
        theirs = in_room("sites", SITES, hubs)
        ours = trials.sites(SITES, hubs)
        peer = "engines by hand, papers and wires ready"
        figures.append(Figure("fifty_sites", what, ours, "s", WITHIN, "at most", peer, theirs["engines"]))
    return figures
