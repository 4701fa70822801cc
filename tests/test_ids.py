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


def test_what_others_name_is_the_same_id_again_beside_another() -> None:
    charge = ids.new_id("ch", 700, 1_767_225_600_000)
    made = ids.named(ids.COMMAND, charge, "processor", "dp-1")
    assert made == ids.named(ids.COMMAND, charge, "processor", "dp-1")
    assert (ids.bucket_of(made), ids.made_at_ms(made)) == (700, 1_767_225_600_000)
    assert ids.is_id(made, ids.COMMAND)
    assert ids.is_id(ids.derive("fa", made), "fa")
    assert len({made, ids.named(ids.COMMAND, charge, "processor", "dp-2"), ids.named(ids.COMMAND, charge, "p")}) == 3
