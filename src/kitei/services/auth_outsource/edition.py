"""The editions of Authentication Outsource's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("auth-outsource", files("kitei.services.auth_outsource") / "terms")
