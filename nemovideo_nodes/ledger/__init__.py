"""What a run leaves behind: facts, journal, artifacts and manifest, over one store."""
