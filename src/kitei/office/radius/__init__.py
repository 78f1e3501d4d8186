"""Logins, as the office has them: users and secrets, the log of who was let in and why, passwords."""
