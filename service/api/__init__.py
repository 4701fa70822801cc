"""The edge, by audience: one router and one guard each."""
