"""The editions of DDoS Protection's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("ddos-protection", files("kitei.services.ddos") / "terms")
