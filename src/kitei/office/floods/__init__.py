"""Floods, as the office has them: defence, policies, attacks and their evidence, alerts, incidents, reports."""
