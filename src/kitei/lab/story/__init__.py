"""The demo's story: a provider from its order book to its invoices, told scene by scene, promise by promise."""
