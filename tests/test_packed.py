"""What is kept packed comes back byte for byte."""

import lz4.frame
from hypothesis import given
from hypothesis import strategies as st

from service.packed import pack, unpack, unpacked


@given(st.binary().map(lambda inner: b'{"a":"' + inner.hex().encode() + b'"}'))
def test_it_comes_back_byte_for_byte(text: bytes) -> None:
    kept = pack(text)
    assert unpack(kept) == text
    assert lz4.frame.decompress(kept) == text  # any reader of the format
    assert unpacked(kept) == unpacked(text) == text  # whichever way it was kept
