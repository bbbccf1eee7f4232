"""Observation, event, alert and approval, delivery: how facts reach people."""
