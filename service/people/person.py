"""Persons: who is the person behind a consumer. Pure."""

from service import ids


def person_of(consumer_id: str) -> str:
    """The person that registering this consumer makes.

    Until persons are matched, each consumer is a person of their own. What the database says (`consumers.person_id`)
    is what holds.
    """
    return ids.derive(ids.PERSON, consumer_id)
