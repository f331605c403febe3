"""DAGs: compositions of the operators in `nemovideo_nodes.airflow`, with no logic of their own."""
