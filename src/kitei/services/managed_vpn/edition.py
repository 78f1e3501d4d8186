"""The editions of Managed VPN PRO's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("managed-vpn-pro", files("kitei.services.managed_vpn") / "terms")
