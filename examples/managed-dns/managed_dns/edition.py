"""The editions of the managed DNS's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("managed-dns", files("managed_dns") / "terms")
