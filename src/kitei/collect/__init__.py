"""Flows from routers: NetFlow, IPFIX and sFlow into counters of each target by the second, and what they mean.

`meter` counts (compiled, see `native/`), `capture` reads what was recorded, `detection` decides, purely.
"""
