"""What an id tells of itself."""

import pytest

from service import ids


@pytest.mark.parametrize("prefix", [ids.PLAN, ids.CONSUMER, ids.OFFER])
@pytest.mark.parametrize("bucket", [0, 1, 31, 32, 1023])
def test_the_bucket_in_an_id(prefix: str, bucket: int) -> None:
    made = ids.new_id(prefix, bucket, 1_767_225_600_000)
    assert ids.bucket_in(made) == ids.bucket_of(made) == bucket
    for text in (made[:-1], f"{made}0", made.lower(), made.replace("_", ""), made.partition("_")[2], f"{made}\n", ""):
        assert ids.bucket_in(text) is None
    assert ids.bucket_in(f"{prefix}_{made}") is None


@pytest.mark.parametrize("prefix", [ids.PLAN, ids.CONSUMER, ids.PERSON])
def test_an_id_in_18_bytes(prefix: str) -> None:
    made = ids.new_id(prefix, 1023, 1_767_225_600_000)
    assert len(ids.packed(made)) == 18
    assert ids.unpacked(ids.packed(made)) == made
