"""Afterpay's online API, version 2, as the package `afterpay` calls it: under `/v2`."""
