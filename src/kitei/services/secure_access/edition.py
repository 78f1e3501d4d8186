"""The editions of Secure Access's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("secure-access", files("kitei.services.secure_access") / "terms")
