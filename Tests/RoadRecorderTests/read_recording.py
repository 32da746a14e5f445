#!/usr/bin/env python3
"""Reads recordings with PyPI's `mcap`, which nobody of this project wrote, and prints one JSON object a file.

Checked on the way: every checksum, that the summary says what the file holds, that log times never fall in the order of
the file, that JSON messages keep their embedded schemas, that protobuf messages decode by their embedded descriptors,
that pictures decode.
"""

import collections
import io
import json
import sys
import zlib

import jsonschema
from mcap.reader import make_reader
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from mcap_protobuf.decoder import DecoderFactory
from PIL import Image


def picture(message):
    if hasattr(message, "encoding"):
        return {"encoding": message.encoding, "size": [message.width, message.height], "crc": zlib.crc32(message.data)}
    image = Image.open(io.BytesIO(message.data))
    image.load()
    result = {"format": message.format, "size": list(image.size), "crc": zlib.crc32(message.data)}
    if message.format == "png":
        result["mode"] = image.mode
        result["classes"] = zlib.crc32(image.tobytes())
    return result


def read(path):
    with open(path, "rb") as stream:
        seen, last, channels, schemas = collections.Counter(), 0, {}, {}
        for record in StreamReader(stream, validate_crcs=True).records:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message):
                seen[channels[record.channel_id].topic] += 1
                assert record.log_time >= last, f"{path}: time falls at {record.log_time}"
                last = record.log_time
        stream.seek(0)
        reader = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        statistics = summary.statistics
        topics = {channel.topic: statistics.channel_message_counts.get(id, 0)
                  for id, channel in summary.channels.items()}
        assert statistics.message_count == sum(seen.values()), f"{path}: {statistics.message_count} {seen}"
        assert {topic: count for topic, count in topics.items() if count} == dict(seen), f"{path}: {topics} {seen}"
        assert statistics.chunk_count == len(summary.chunk_indexes)

        validators = {
            schema.id: jsonschema.Draft202012Validator(json.loads(schema.data))
            for schema in schemas.values()
            if schema.encoding == "jsonschema"
        }
        frames, images, masks, logs = [], [], [], []
        for schema, channel, message in reader.iter_messages(log_time_order=False):
            if channel.message_encoding == "json":
                value = json.loads(message.data)
                validators[schema.id].validate(value)
                if channel.topic == "/road/frame":
                    frames.append(value)
                if channel.topic == "/roadseg/log":
                    logs.append(value["message"])
        for schema, channel, message, value in reader.iter_decoded_messages(topics=["/camera/image", "/road/mask"]):
            entry = {"sequence": message.sequence, "publish_time": message.publish_time, **picture(value)}
            (images if channel.topic == "/camera/image" else masks).append(entry)
        return {
            "path": path,
            "messages": dict(seen),
            "chunks": statistics.chunk_count,
            "compressions": sorted({index.compression for index in summary.chunk_indexes}),
            "metadata": {entry.name: entry.metadata for entry in reader.iter_metadata()},
            "attachments": {entry.name: len(entry.data) for entry in reader.iter_attachments()},
            "schemas": sorted(schema.name for schema in schemas.values()),
            "frames": frames,
            "images": images,
            "masks": masks,
            "log": logs,
        }


for path in sys.argv[1:]:
    print(json.dumps(read(path)))
