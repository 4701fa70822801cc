"""JSON of some kilobytes, kept in an eighth of its size: what is small is also quickly written, logged and read.

Most of it is alike from row to row: the names of fields, the words of enums, the shape of a schedule. So it is packed
as a Zstandard frame (RFC 8878) with a dictionary of such JSON, and only what is particular takes room. PostgreSQL would
compress it too, for twenty times the processor time where it knows only pglz, without a dictionary, and only once it
had been sent and laid down in full.

A frame names its dictionary. A dictionary is never changed: a better one is another file with another number, and those
before stay for what was packed with them. `zstd -d -D service/packed_1.zdict` reads a frame; tests/bench/dictionary.py
makes a dictionary. What was kept before there was one is an LZ4 frame, and is read as ever (`lz4 -d`).
"""

from pathlib import Path
from threading import local
from typing import Final

import lz4.frame
import zstandard as zstd

NEWEST: Final = 1  # the dictionary that is packed with
_LEVEL: Final = 1  # 3 takes half as long again for a twentieth less
_ZSTD: Final = b"\x28\xb5\x2f\xfd"  # each kind of frame begins so ...
_LZ4: Final = b"\x04\x22\x4d\x18"  # ... and neither JSON nor MessagePack does
_DICTIONARIES: Final = {
    number: zstd.ZstdCompressionDict(Path(__file__).with_name(f"packed_{number}.zdict").read_bytes())
    for number in range(1, NEWEST + 1)
}
assert all(found.dict_id() == number for number, found in _DICTIONARIES.items())
_DICTIONARIES[NEWEST].precompute_compress(level=_LEVEL)


class _Own(local):
    """What one thread packs with: none of it may be used by two at once."""

    def __init__(self) -> None:
        self.pack = zstd.ZstdCompressor(dict_data=_DICTIONARIES[NEWEST]).compress
        self.unpack = {0: zstd.ZstdDecompressor().decompress} | {
            number: zstd.ZstdDecompressor(dict_data=found).decompress for number, found in _DICTIONARIES.items()
        }


_own: Final = _Own()


def pack(text: bytes) -> bytes:
    """JSON as it is kept."""
    return _own.pack(text)


def unpack(kept: bytes) -> bytes:
    """The JSON again, byte for byte. Raises ValueError where it is no frame, or is cut off or damaged in its form."""
    try:
        if kept[:4] == _ZSTD:
            return _own.unpack[zstd.get_frame_parameters(kept).dict_id](kept)
        text: bytes = lz4.frame.decompress(kept)
    except (zstd.ZstdError, RuntimeError, KeyError, MemoryError) as error:  # MemoryError: it says that it is very long
        raise ValueError("what was kept packed cannot be read") from error
    return text


def unpacked(kept: bytes) -> bytes:
    """The same of what may have been kept as it is."""
    return unpack(kept) if kept[:4] in (_ZSTD, _LZ4) else kept
