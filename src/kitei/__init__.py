"""Kitei: service terms that run. Contract in, network up, invoice out."""
