"""A URL that names several servers, `postgresql://one:5432,two:5432/tenor`: one is the primary, now this, now that."""

from urllib.parse import urlsplit


def each(url: str) -> list[str]:
    """The URL of each server, in order."""
    parts = urlsplit(url)
    user, at, places = parts.netloc.rpartition("@")
    if "," not in places:
        return [url]
    return [parts._replace(netloc=f"{user}{at}{place}").geturl() for place in places.split(",")]
