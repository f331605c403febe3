"""Pictures and an instruction into a finished, checked video, as a unit of a workflow."""
