"""The editions of GIO Remote Access's terms."""

from importlib.resources import files

from kitei.terms import load_terms

TERMS = load_terms("gio-remote-access", files("kitei.services.gio_remote") / "terms")
