"""Rows of many jobs: their batches and orders, where jobs have more or fewer of them."""
