"""What a gateway's Web proxy decides by, and the programs beside the proxy that decide: no contract is known here."""
