"""The same engines as Kitei drives, configured by hand: what Kitei's figures stand beside."""
