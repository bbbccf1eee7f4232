"""Measurements that `make bench` reproduces."""
