"""The one application service that every door uses."""
