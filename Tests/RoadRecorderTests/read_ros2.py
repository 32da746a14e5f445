#!/usr/bin/env python3
"""Reads recordings with PyPI's `rosbags`, as ROS 2's own tools read a bag, and prints one JSON object a file.

Every message is decoded by the definition that the file embeds;
the types' names and definitions are compared with ROS 2's own.
"""

import io
import json
import sys
import zlib

from PIL import Image
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

humble = get_typestore(Stores.ROS2_HUMBLE)


def picture(message):
    entry = {"frame": message.header.frame_id, "crc": zlib.crc32(message.data)}
    entry["stamp"] = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
    if hasattr(message, "encoding"):
        entry.update(format=message.encoding, size=[message.width, message.height], step=message.step)
        entry["classes"] = entry["crc"]
        return entry
    image = Image.open(io.BytesIO(message.data))
    image.load()
    entry.update(format=message.format, size=list(image.size))
    if message.format == "png":
        entry["classes"] = zlib.crc32(image.tobytes())
    return entry


def read(path):
    result = {"topics": {}, "frames": [], "images": [], "masks": [], "log": []}
    with Reader(path) as reader:
        stores, last = {}, 0
        for connection in reader.connections:
            result["topics"][connection.topic] = [connection.msgtype, connection.msgcount]
            types = get_types_from_msg(connection.msgdef.data, connection.msgtype)
            for name, fields in types.items():
                assert humble.fielddefs[name][1] == fields[1], (
                    f"{name}: {fields} is not ROS 2's {humble.fielddefs[name]}")
            store = get_typestore(Stores.EMPTY)
            store.register(types)
            stores[connection.id] = store
        for connection, time, data in reader.messages():
            assert time >= last, f"{path}: time falls at {time}"
            last = time
            message = stores[connection.id].deserialize_cdr(data, connection.msgtype)
            if connection.topic.startswith("/camera/image"):
                result["images"].append(picture(message))
            elif connection.topic.startswith("/road/mask"):
                result["masks"].append(picture(message))
            elif connection.topic == "/road/frame":
                result["frames"].append(json.loads(message.data))
            elif connection.topic == "/roadseg/statistics":
                json.loads(message.data)
            elif connection.topic == "/roadseg/log":
                result["log"].append([message.level, message.name, message.msg])
    return result


for path in sys.argv[1:]:
    print(json.dumps(read(path)))
