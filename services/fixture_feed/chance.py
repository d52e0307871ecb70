"""Picking a share of things by hash, so that every run picks the same ones."""

from hashlib import blake2b


def fraction_of(*parts: object) -> float:
    """A number in [0, 1), evenly spread over the values of `parts` and always the same for the same ones."""
    text = "\x1f".join(map(str, parts))
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
