"""RADIUS as values: users and the forms of their secrets, the file a node asks, and what a node answers.

What `gate` imports runs inside the RADIUS server's own Python: there only the standard library is at hand.
"""
