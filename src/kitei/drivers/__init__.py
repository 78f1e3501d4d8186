"""What makes parts so on a Linux machine: one driver per engine. They act only through their Host."""

from kitei.drivers.links import Links

# In the order to apply.
ALL = (Links(),)
