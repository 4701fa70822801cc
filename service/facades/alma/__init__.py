"""Alma's merchants' API, as the package `alma-client` calls it: under `/alma`."""
