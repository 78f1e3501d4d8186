"""Programs beside the engines of a gateway of GIO Remote Access: who is let in, to which hosts, and what is on record."""
