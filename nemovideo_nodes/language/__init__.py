"""What people and the agent say: routing, translation, differences in words, advice. Pure."""
