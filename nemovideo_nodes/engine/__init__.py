"""The plan, the one loop that asks it, the lease, and the step kinds."""
