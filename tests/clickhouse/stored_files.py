"""What lies in the files of a ClickHouse server, with the columns decompressed: nothing is asked of the server."""

import os

NONE, LZ4 = 0x02, 0x82
HEADER = 25  # a checksum of 16 bytes, the method, the sizes with and without compression


def lz4(block, size):
    """One LZ4 block."""
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        total, more = nibble, nibble == 15
        while more:
            total += block[at]
            more = block[at] == 255
            at += 1
        return total

    while at < len(block):
        token = block[at]
        at += 1
        literals = length(token >> 4)
        out += block[at:at + literals]
        at += literals
        if at >= len(block):
            break
        offset = block[at] | block[at + 1] << 8
        at += 2
        match = length(token & 15) + 4
        for _ in range(match):
            out.append(out[-offset])
    if len(out) != size:
        raise ValueError(f"{len(out)} bytes decompressed, {size} expected")
    return bytes(out)


def column(data):
    """The values of a column file, as they follow each other."""
    out, at = bytearray(), 0
    while at < len(data):
        method = data[at + 16]
        packed, size = (int.from_bytes(data[at + 17 + 4 * i:at + 21 + 4 * i], "little") for i in (0, 1))
        body = data[at + HEADER:at + 16 + packed]
        if method not in (NONE, LZ4):
            raise ValueError(f"compression method {method:#x}")
        out += lz4(body, size) if method == LZ4 else body
        at += 16 + packed
    return bytes(out)


def contents(folder):
    """Yields (path, bytes) of every file below the folder, columns twice: as they are and decompressed."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except FileNotFoundError:  # the server tidies up meanwhile
                continue
            yield path, data
            if name.endswith(".bin"):
                yield path, column(data)


def find(folder, needles):
    """Which of the needles, bytes by name, are in which files."""
    return sorted({(name, path) for path, data in contents(folder) for name, needle in needles.items() if needle in data})
