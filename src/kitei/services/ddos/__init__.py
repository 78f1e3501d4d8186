"""DDoS Protection: watch a customer's addresses for floods, and return clean traffic."""
