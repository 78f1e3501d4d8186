"""What the office does about Secure Access's gateways beside their orders."""
