"""Clauses that most terms have: notices, minimum terms, settlements, credits, and what follows from them.

They find the provision that plays a part in a service's own terms by its role (`Situation.role`), so that
a service writes its article numbers once, in its data.
"""
