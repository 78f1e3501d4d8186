"""The layouts of `by_hand`, brought up by Kitei's own intent, agents and drivers."""
