#!/usr/bin/env python3
"""Writes recordings as other programs do, with PyPI's `mcap`:
write_foreign.py FOLDER makes none.mcap, zstd.mcap, lz4.mcap.

Each has 50 messages on /other, which repeat themselves and do not: packed blocks, stored blocks, copies that overlap.
"""

import random
import sys

from mcap.writer import CompressionType, Writer

for compression in CompressionType:
    with open(f"{sys.argv[1]}/{compression.name.lower()}.mcap", "wb") as stream:
        writer = Writer(stream, chunk_size=200_000, compression=compression)
        writer.start(profile="", library="foreign")
        channel = writer.register_channel(topic="/other", message_encoding="bytes", schema_id=0)
        source = random.Random(1)
        for index in range(50):
            noise = source.randbytes(200 * index)
            data = bytes([index]) * 3000 + noise + bytes(range(256)) * index + noise
            writer.add_message(channel, log_time=index, publish_time=index, sequence=index, data=data)
        writer.finish()
