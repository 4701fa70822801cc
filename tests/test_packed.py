"""What is kept packed comes back byte for byte, whichever way it was packed."""

from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service import packed
from service.packed import NEWEST, pack, unpack, unpacked

TEXT = b'{"plan_id":"pl_01M8PHDM97004RKXV8TN3QCV00","state":"active","captured":60000,"outstanding":45000}'
PACKED_WITH: dict[int, str] = {  # what each dictionary has made of it: none of them may change
    1: "28b52ffd210161f5010003430a48b22ce3cdb22c4bc12225cb5a1b949656de7a89529b65ed491cd0c94998bd68e9b103464b"
    "8f942c0205fc8719edcac4a2cccee07a1fbfc300741d",
}


@given(st.binary().map(lambda inner: b'{"a":"' + inner.hex().encode() + b'"}'))
def test_it_comes_back_byte_for_byte(text: bytes) -> None:
    assert unpack(pack(text)) == unpacked(pack(text)) == unpacked(text) == text
    assert unpack(lz4.frame.compress(text)) == text  # any frame of that format, and any of the other
    assert unpack(zstandard.compress(text)) == text


def test_any_reader_of_the_format_reads_it_with_the_dictionary() -> None:
    dictionary = Path(packed.__file__).with_name(f"packed_{NEWEST}.zdict").read_bytes()
    reader = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionary))
    assert reader.decompress(pack(TEXT)) == TEXT
    assert zstandard.get_frame_parameters(pack(TEXT)).dict_id == NEWEST


def test_what_is_alike_takes_no_room() -> None:
    assert len(pack(TEXT)) < len(TEXT) * 3 / 4


@pytest.mark.parametrize("number", range(1, NEWEST + 1))
def test_what_was_packed_with_a_dictionary_is_read_for_ever(number: int) -> None:
    assert unpack(bytes.fromhex(PACKED_WITH[number])) == TEXT


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{}",
        b"\x28\xb5\x2f\xfd",
        zstandard.compress(TEXT)[:-3],
        pack(TEXT)[:-3],
        b"\x04\x22\x4d\x18rest",
        bytes.fromhex("28b52ffdc4011704bd0200734410"),  # as if of an exabyte
    ],
)
def test_what_is_damaged_is_said_to_be(kept: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(kept)
