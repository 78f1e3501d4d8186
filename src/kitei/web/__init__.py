"""The controller's interface to nodes."""

from kitei.web.controller import controller
from kitei.web.office import NodesOffice
from kitei.web.serve import Door, serve

__all__ = ["Door", "NodesOffice", "controller", "serve"]
