"""A stand-in for a mobile network at its edge: what asks our RADIUS and dials customers' L2TP network servers.

No mobile network can be had in a laboratory. What it says to us and to customers is real: RADIUS (RFC 2865, 2866,
2868, 5176), L2TP (RFC 2661) and PPP (RFC 1661) on real sockets, and packets of a phone's own network stack.
"""
