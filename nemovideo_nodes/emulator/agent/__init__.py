"""The rule-based agent: reads a message, edits the film, words the reply. No I/O."""
