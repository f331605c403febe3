"""Flows: compositions of the tasks in `nemovideo_nodes.prefect`, with no logic of their own."""
