"""Takes the events out of a record of a stream that Sluice fills, whatever the destination's encoding is: its first bytes tell.

Encodings: docs/encodings.md. Events: docs/events.md.
"""

import hashlib
import io
import json
import zlib
from typing import NamedTuple

# What one record may inflate to. Sluice's have at most 4 MiB of lines, or one larger event, of at most 10 MiB.
MAX_INFLATED_BYTES = 16 * 1024 * 1024

GZIP, ZSTD, KPL = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xf3\x89\x9a\xc2"
MD5_BYTES = 16

try:
    from compression.zstd import ZstdFile as open_zstd  # Python 3.14 and later
except ImportError:
    try:
        from zstandard import open as open_zstd  # the package zstandard
    except ImportError:
        open_zstd = None


class Event(NamedTuple):
    id: str
    line: str  # the JSON as the SDK wrote it, where numbers have all their digits
    envelope: dict  # that parsed: {project, environment, event, version}


def events_of(data):
    """The events of a record, in their order.

    Raises ValueError, which says what is wrong, for a record that is none of Sluice's.
    """
    return [_event_of(text.decode()) for text in _texts_of(data)]


def _event_of(line):
    envelope = json.loads(line)
    event = envelope.get("event") if isinstance(envelope, dict) else None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str):
        raise ValueError(f"Not an event of Sluice: no event.id in {line[:100]}")
    return Event(event["id"], line, envelope)


def _texts_of(data):
    if data.startswith(GZIP):
        return _lines_of(_gunzip(data))
    if data.startswith(KPL):
        return [line for user_data in _deaggregated(data) for line in _lines_of(user_data)]
    if data.startswith(ZSTD):
        return _lines_of(_unzstd(data))
    return _lines_of(data)


def _lines_of(data):
    return [line for line in data.split(b"\n") if line]


def _gunzip(data):
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = inflater.decompress(data, MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise ValueError(f"A gzip record that cannot be inflated: {error}") from error
    if not inflater.eof:
        raise ValueError("A gzip record that is cut off, or too large")
    return text


def _unzstd(data):
    if open_zstd is None:
        raise ValueError("This Python has no zstd. Use Python 3.14, or install the package zstandard")
    try:
        with open_zstd(io.BytesIO(data), "rb") as file:
            text = file.read(MAX_INFLATED_BYTES + 1)
    except Exception as error:  # each library has its own
        raise ValueError(f"A zstd record that cannot be inflated: {error}") from error
    if len(text) > MAX_INFLATED_BYTES:
        raise ValueError("A zstd record that is too large")
    return text


def _deaggregated(data):
    """The user records of the Kinesis Producer Library's aggregated record: 4 magic bytes, a protobuf message, its MD5.

    Field 3 of the message is a user record, and field 3 of that its data; partition keys and hash keys are not needed here.
    https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
    """
    message = data[len(KPL) : -MD5_BYTES]
    if hashlib.md5(message, usedforsecurity=False).digest() != data[-MD5_BYTES:]:
        raise ValueError("An aggregated record whose checksum is wrong")
    return [user_data for record in _fields_of(message, 3) for user_data in _fields_of(record, 3)]


def _fields_of(message, wanted):
    """The byte strings of one field in a protobuf message."""
    found, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(message):
                raise ValueError("An aggregated record that is cut off")
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag % 8 == 0:
            varint()
        elif tag % 8 == 2:
            length = varint()
            if at + length > len(message):
                raise ValueError("An aggregated record that is cut off")
            if tag // 8 == wanted:
                found.append(message[at : at + length])
            at += length
        else:
            raise ValueError(f"An aggregated record with a field of type {tag % 8}")
    return found
