"""Sealed data opens where it was sealed, under the key of the one it is about, and nowhere else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service import data_key, ids, sealed
from service.data_key import DataKey, DataSecrets, DoesNotOpen, Place

CONSUMER = ids.new_id(ids.CONSUMER, 7, 1_767_225_600_000)
OTHER = ids.new_id(ids.CONSUMER, 7, 1_767_225_600_000)
NAME = Place("consumers", "reference", CONSUMER)
FIRST, SECOND = "one secret of thirty-two letters.", "another one, of as many letters.."


# McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", test cases 13, 14 and 16: AES-256.
@pytest.mark.parametrize(
    ("key", "nonce", "plain", "beside", "sealed_text"),
    [
        ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        ("00" * 32, "00" * 12, "00" * 16, "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        (
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            (
                "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5"
                "aa0de657ba637b39"
            ),
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            (
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
                "93ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
            ),
        ),
    ],
)
def test_it_is_aes_256_gcm(key: str, nonce: str, plain: str, beside: str, sealed_text: str) -> None:
    opened = sealed.unseal(bytes.fromhex(key), bytes.fromhex(nonce + sealed_text), bytes.fromhex(beside))
    assert opened is not None
    assert opened.hex() == plain


def test_the_layout() -> None:
    secret = bytes(range(32))
    made = DataKey(CONSUMER, secret).seal(b"Ada", NAME)
    assert len(made) == 1 + 18 + 12 + 3 + 16
    assert data_key.key_id_of(made) == CONSUMER
    assert AESGCM(secret).decrypt(made[19:31], made[31:], f"consumers\x1freference\x1f{CONSUMER}".encode()) == b"Ada"
    assert made != DataKey(CONSUMER, secret).seal(b"Ada", NAME), "no nonce twice"


def test_what_is_altered_does_not_open() -> None:
    key, _ = DataSecrets(FIRST).new_key(CONSUMER)
    made = key.seal(b"Ada Lovelace", NAME)
    assert key.unseal(made, NAME) == b"Ada Lovelace"
    for place in range(len(made)):
        for bit in range(8):
            altered = bytearray(made)
            altered[place] ^= 1 << bit
            with pytest.raises(DoesNotOpen):
                key.unseal(bytes(altered), NAME)
    for length in range(len(made)):
        with pytest.raises(DoesNotOpen):
            key.unseal(made[:length], NAME)


@pytest.mark.parametrize(
    "place",
    [
        NAME._replace(table="decisions"),
        NAME._replace(column="attributes"),
        NAME._replace(row=OTHER),
        Place("consumersreference", "", CONSUMER),
    ],
)
def test_what_is_moved_does_not_open(place: Place) -> None:
    key, _ = DataSecrets(FIRST).new_key(CONSUMER)
    with pytest.raises(DoesNotOpen):
        key.unseal(key.seal(b"Ada", NAME), place)


def test_the_key_of_another_does_not_open_it() -> None:
    secrets = DataSecrets(FIRST)
    mine, wrapped = secrets.new_key(CONSUMER)
    theirs, _ = secrets.new_key(OTHER)
    with pytest.raises(DoesNotOpen):
        theirs.unseal(mine.seal(b"Ada", NAME), NAME)
    with pytest.raises(DoesNotOpen):
        secrets.unwrapped(OTHER, wrapped)  # the row of `data_keys` was given to another


def test_a_wrapped_key_opens_with_its_secret_alone() -> None:
    key, wrapped = DataSecrets(FIRST).new_key(CONSUMER)
    made = key.seal(b"Ada", NAME)
    assert DataSecrets(FIRST).unwrapped(CONSUMER, wrapped).unseal(made, NAME) == b"Ada"
    with pytest.raises(DoesNotOpen):
        DataSecrets(SECOND).unwrapped(CONSUMER, wrapped)
    for place in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[place] ^= 1
        with pytest.raises(DoesNotOpen):
            DataSecrets(FIRST).unwrapped(CONSUMER, bytes(altered))


def test_one_secret_follows_another() -> None:
    key, wrapped = DataSecrets(FIRST).new_key(CONSUMER)
    made = key.seal(b"Ada", NAME)
    both = DataSecrets(SECOND, before=FIRST)
    assert both.unwrapped(CONSUMER, wrapped).unseal(made, NAME) == b"Ada"
    anew = both.wrapped_anew(CONSUMER, wrapped)
    assert anew is not None
    assert both.wrapped_anew(CONSUMER, anew) is None
    assert DataSecrets(SECOND).unwrapped(CONSUMER, anew).unseal(made, NAME) == b"Ada"
    with pytest.raises(DoesNotOpen):
        DataSecrets(FIRST).unwrapped(CONSUMER, anew)


def test_blind_indexes() -> None:
    first, both = DataSecrets(FIRST), DataSecrets(SECOND, before=FIRST)
    assert first.blind("reference", "ada") == DataSecrets(FIRST).blind("reference", "ada")
    others = [first.blind("reference", "Ada"), first.blind("e-mail", "ada"), both.blind("reference", "ada")]
    assert len({first.blind("reference", "ada"), *others}) == 4
    assert both.blinds("reference", "ada") == [both.blind("reference", "ada"), first.blind("reference", "ada")]


def test_within_json() -> None:
    key, _ = DataSecrets(FIRST).new_key(CONSUMER)
    for length in range(5):
        made = key.seal(b"A" * length, NAME)
        assert data_key.from_text(data_key.as_text(made)) == made
    for text in ("", "Ada", "sealed", "sealed.a"):
        with pytest.raises(DoesNotOpen):
            key.unseal(data_key.from_text(text), NAME)
