#!/usr/bin/env python3
"""Writes liftmark-1.json: the vectors of the native bucketing scheme.

Independent of the C++ code: XXH3-64 is written here from its public specification (xxHash, doc/xxhash_spec.md),
thresholds use Python's integers. The first lines check XXH3 against values the xxHash project publishes.
Usage: liftmark_1.py > liftmark-1.json
"""
import json
import sys
import unicodedata

M64 = (1 << 64) - 1
P32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
P64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def le(data, at, size=8):
    return int.from_bytes(data[at:at + size], "little")


def swap64(x):
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & M64


def fold(a, b):
    product = a * b
    return (product & M64) ^ (product >> 64)


def avalanche(x):
    x ^= x >> 37
    x = x * MX1 & M64
    return x ^ (x >> 32)


def avalanche_xxh64(x):
    x ^= x >> 33
    x = x * P64[1] & M64
    x ^= x >> 29
    x = x * P64[2] & M64
    return x ^ (x >> 32)


def mix16(data, at, secret_at, seed):
    return fold(le(data, at) ^ ((le(SECRET, secret_at) + seed) & M64),
                le(data, at + 8) ^ ((le(SECRET, secret_at + 8) - seed) & M64))


def short(data, seed):
    n = len(data)
    if n == 0:
        return avalanche_xxh64(seed ^ le(SECRET, 56) ^ le(SECRET, 64))
    if n <= 3:
        combined = data[n - 1] | n << 8 | data[0] << 16 | data[n >> 1] << 24
        return avalanche_xxh64(combined ^ ((le(SECRET, 0, 4) ^ le(SECRET, 4, 4)) + seed) & M64)
    if n <= 8:
        seed ^= int.from_bytes((seed & 0xFFFFFFFF).to_bytes(4, "little"), "big") << 32
        value = le(data, n - 4, 4) + (le(data, 0, 4) << 32)
        x = value ^ ((le(SECRET, 8) ^ le(SECRET, 16)) - seed) & M64
        x ^= rotl(x, 49) ^ rotl(x, 24)
        x = x * MX2 & M64
        x ^= (x >> 35) + n & M64
        x = x * MX2 & M64
        return x ^ (x >> 28)
    low = le(data, 0) ^ ((le(SECRET, 24) ^ le(SECRET, 32)) + seed) & M64
    high = le(data, n - 8) ^ ((le(SECRET, 40) ^ le(SECRET, 48)) - seed) & M64
    return avalanche(n + swap64(low) + high + fold(low, high) & M64)


def medium(data, seed):
    n = len(data)
    acc = n * P64[0] & M64
    if n <= 128:
        for i in reversed(range((n - 1) // 32 + 1)):
            acc += mix16(data, 16 * i, 32 * i, seed) + mix16(data, n - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(acc & M64)
    for i in range(8):
        acc += mix16(data, 16 * i, 16 * i, seed)
    acc = avalanche(acc & M64)
    for i in range(8, n // 16):
        acc += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    acc += mix16(data, n - 16, 136 - 17, seed)
    return avalanche(acc & M64)


def long(data, seed):
    secret = b"".join(((le(SECRET, 8 * i) + (seed if i % 2 == 0 else -seed)) & M64).to_bytes(8, "little")
                      for i in range(24))
    acc = [P32[2], P64[0], P64[1], P64[2], P64[3], P32[1], P64[4], P32[0]]

    def accumulate(at, secret_at):
        for i in range(8):
            value = le(data, at + 8 * i)
            keyed = value ^ le(secret, secret_at + 8 * i)
            acc[i ^ 1] = (acc[i ^ 1] + value) & M64
            acc[i] = (acc[i] + (keyed & 0xFFFFFFFF) * (keyed >> 32)) & M64

    n = len(data)
    stripes_per_block = (192 - 64) // 8
    blocks = (n - 1) // (64 * stripes_per_block)
    for block in range(blocks):
        for stripe in range(stripes_per_block):
            accumulate((block * stripes_per_block + stripe) * 64, stripe * 8)
        for i in range(8):
            x = acc[i]
            acc[i] = (x ^ (x >> 47) ^ le(secret, 128 + 8 * i)) * P32[0] & M64
    start = blocks * stripes_per_block * 64
    for stripe in range((n - 1 - start) // 64):
        accumulate(start + stripe * 64, stripe * 8)
    accumulate(n - 64, 192 - 64 - 7)
    result = n * P64[0]
    for i in range(4):
        result += fold(acc[2 * i] ^ le(secret, 11 + 16 * i), acc[2 * i + 1] ^ le(secret, 11 + 16 * i + 8))
    return avalanche(result & M64)


def xxh3(data, seed=0):
    return short(data, seed) if len(data) <= 16 else medium(data, seed) if len(data) <= 240 else long(data, seed)


def threshold(part, whole):
    return part * 2**64 // whole


def hexadecimal(x):
    return f"{x:016x}"


def vector(note, salt, unit, weights, traffic):
    """`weights` and `traffic` in billionths."""
    unit_hash = xxh3(unit)
    draws = {}
    for purpose, seed in (("arm", 1), ("traffic", 2), ("slot", 3), ("holdout", 4)):
        key = xxh3(salt.encode(), seed)
        draws[purpose] = xxh3(unit_hash.to_bytes(8, "little") + key.to_bytes(8, "little"))
    arm = None
    if unit and draws["traffic"] < threshold(traffic, 10**9):
        total, below = sum(weights), 0
        for i, weight in enumerate(weights):
            below += weight
            if draws["arm"] < threshold(below, total):
                arm = i
                break
    return {"note": note, "salt": salt, "unit_hex": unit.hex(), "unit_hash": hexadecimal(unit_hash),
            "draws": {k: hexadecimal(v) for k, v in draws.items()},
            "weights_billionths": weights, "traffic_billionths": traffic, "arm": arm}


def main():
    # The sanity values of the xxHash project (cli/xsum_sanity_check.c, XXH3 with and without seed).
    buffer, generator, prime = bytearray(), P32[0], 0x9E3779B185EBCA8D
    for _ in range(2367):
        buffer.append(generator >> 56)
        generator = generator * prime & M64
    published = [
        (0, 0x2D06800538D394C2, 0xA8A6B918B2F0364A), (1, 0xC44BDFF4074EECDB, 0x032BE332DD766EF8),
        (6, 0x27B56A84CD2D7325, 0x84589C116AB59AB9), (12, 0xA713DAF0DFBB77E7, 0xE7303E1B2336DE0E),
        (24, 0xA3FE70BF9D3510EB, 0x850E80FC35BDD690), (48, 0x397DA259ECBA1F11, 0xADC2CBAA44ACC616),
        (80, 0xBCDEFBBB2C47C90A, 0xC6DD0CB699532E73), (195, 0xCD94217EE362EC3A, 0xBA68003D370CB3D9),
        (403, 0xCDEB804D65C6DEA4, 0x6259F6ECFD6443FD), (512, 0x617E49599013CB6B, 0x3CE457DE14C27708),
        (2048, 0xDD59E2C3A5F038E0, 0x66F81670669ABABC), (2240, 0x6E73A90539CF2948, 0x757BA8487D1B5247),
        (2367, 0xCB37AEB9E5D361ED, 0xD2DB3415B942B42A)]
    for size, plain, seeded in published:
        assert xxh3(bytes(buffer[:size])) == plain, size
        assert xxh3(bytes(buffer[:size]), prime) == seeded, size

    half, quarters, tiny = [10**9, 10**9], [250_000_000] * 4, [100_000, 999_900_000]
    nfc = "Zoë Müller".encode()
    nfd = unicodedata.normalize("NFD", "Zoë Müller").encode()
    units = [("ASCII", b"user-1"), ("ASCII", b"user-2"), ("digits", b"42"), ("one byte", b"a"), ("two bytes", b"ab"),
             ("four bytes", b"abcd"), ("UUID", b"3f2b0c1e-7d1a-4c8e-9a55-0f4f3c2b1a90"),
             ("e-mail", b"jane.doe+shop@example.com"), ("UTF-8, composed (NFC)", nfc),
             ("the same name decomposed (NFD) is another unit", nfd),
             ("Chinese", "用户一".encode()), ("Arabic", "مستخدم".encode()), ("emoji with joiner", "👩‍💻".encode()),
             ("empty id: hashes, but never gets an arm", b""), ("a single NUL", b"\0"),
             ("embedded NUL", b"user\0-1"), ("trailing NUL", b"user-1\0"), ("not UTF-8", b"\xff\xfe\x80"),
             ("trailing space", b"user-1 "), ("upper case", b"USER-1")]
    units += [(f"{n} bytes", bytes((i * 131 + n) % 251 for i in range(n)))
              for n in (3, 8, 9, 16, 17, 32, 33, 64, 65, 96, 97, 128, 129, 144, 240, 241, 256, 512, 1024, 1025, 2048, 4099)]
    cases = []
    for i, (note, unit) in enumerate(units):
        cases.append(vector(note, "checkout-2026", unit, half, 10**9))
        cases.append(vector(note, "señal ☂", unit, quarters, 500_000_000))
        if i % 3 == 0:
            cases.append(vector(note, "s", unit, tiny, 10**9))
            cases.append(vector(note, "x" * 300, unit, [1_000_000_000, 0, 2_000_000_000, 333_333_333], 123_456_789))
    json.dump({"scheme": "liftmark-1", "specification": "docs/bucketing.md", "generated_by": "tests/vectors/liftmark_1.py",
               "vectors": cases}, sys.stdout, indent=1)
    print()


main()
