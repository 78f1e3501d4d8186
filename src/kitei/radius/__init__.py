"""RADIUS as values: users and the forms of their secrets, the file a node asks, and what a node answers.

Only the standard library is imported here: `engine` runs inside the RADIUS server's own Python.
"""
