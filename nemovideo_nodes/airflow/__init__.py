"""Airflow: a provider with a hook, an operator for each step kind, a sensor, triggers and links.

This is the only part of the package that imports airflow; it needs the extra `airflow`. What a
DAG file imports is light: the engine and the network are imported when a task runs.
"""
