"""Disclosure control: the smallest group of customers that may be described."""

SMALLEST_CELL = 10
"""Customers; shares of smaller groups are not shown. Source: outputs of fewer could single one out."""
