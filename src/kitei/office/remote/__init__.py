"""Gateways of GIO Remote Access, as the office has them: where they stand, who logs in, how full they are."""
