"""Disclosure control: the smallest group of customers that may be described."""

SMALLEST_CELL = 10
"""Customers; shares of smaller groups are not shown. Source: they could single out one customer."""
