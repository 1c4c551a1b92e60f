"""An application of your own: reads all shards of a stream, in one process, and processes every event at least once. Ended by
anything, kill -9 included, it resumes at its checkpoints.

    python application.py --stream flag-events --checkpoints checkpoints.json --out events.ndjson --failed failed.ndjson [--from oldest|now]

AWS_REGION (or AWS_DEFAULT_REGION), credentials and AWS_ENDPOINT_URL as for any program with boto3.
"""

import argparse
import base64
import json
import os
import signal
import sys
import threading

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from checkpoints import Checkpoints
from line_file import LineFile
from recent_ids import RecentIds
from records import events_of
from stream import Stream

ROUND_S = 0.2  # Kinesis allows 5 reads a second and shard
IDLE_ROUND_S = 1  # as the Kinesis Client Library
LONGEST_PAUSE_S = 10  # while Kinesis cannot be reached


class Application:
    def __init__(self, stream, checkpoints, out, failed):
        self._stream, self._checkpoints, self._out, self._failed = stream, checkpoints, out, failed
        self._recent = RecentIds()

    def store(self, events):
        """Replace this by what your application is for. It returns when the events are stored for good; after a crash the last ones come
        again: store each under its event.id.
        """
        self._out.append([event.line for event in events])

    def round(self):
        """Returns whether there was anything."""
        reads, error = self._stream.round()
        for shard_id, records, ended in reads:
            fresh = self._recent.fresh([event for record in records for event in self._readable(shard_id, record)])
            if fresh:
                self.store(fresh)
            self._recent.add(fresh)
            if ended:
                self._checkpoints.ended(shard_id)
            elif records:
                self._checkpoints.read(shard_id, records[-1]["SequenceNumber"])
        an_end = any(ended for _, _, ended in reads)
        anything = an_end or any(records for _, records, _ in reads)
        if anything:
            self._checkpoints.save()
        if error:
            raise error
        if an_end:
            self._stream.list()
        return anything

    def _readable(self, shard_id, record):
        """A record that cannot be read is kept, and does not stop its shard."""
        try:
            return events_of(record["Data"])
        except ValueError as error:
            data = base64.b64encode(record["Data"]).decode()
            self._failed.append([json.dumps({"shardId": shard_id, "sequenceNumber": record["SequenceNumber"], "error": str(error), "data": data})])
            return []


def is_ours(error):
    """What does not pass by itself: a stream that is not there, an access that is denied. Throttles and faults of AWS pass."""
    if not isinstance(error, ClientError):
        return False
    status, code = error.response["ResponseMetadata"].get("HTTPStatusCode", 500), error.response["Error"].get("Code", "")
    return status < 500 and "Limit" not in code and "Throttl" not in code


def main():
    parser = argparse.ArgumentParser()
    for name in ("--stream", "--checkpoints", "--out", "--failed"):
        parser.add_argument(name, required=True)
    parser.add_argument("--from", dest="start_at", choices=("oldest", "now"), default="oldest")
    options = parser.parse_args()

    try:
        client = boto3.client("kinesis", region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
        checkpoints = Checkpoints(options.checkpoints, options.stream, options.start_at)
        stream = Stream(client, options.stream, checkpoints)
        application = Application(stream, checkpoints, LineFile(options.out), LineFile(options.failed))
    except (BotoCoreError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())

    pause, listed = ROUND_S, False
    while not stopping.is_set():
        try:
            if not listed:
                stream.list()
            listed = True
            pause = ROUND_S if application.round() else IDLE_ROUND_S
        except (BotoCoreError, ClientError) as error:
            if is_ours(error):
                sys.exit(str(error))
            stream.forget()
            listed = False
            pause = min(LONGEST_PAUSE_S, pause * 2)
            print(f"{error}. Next try in {pause} s", file=sys.stderr)
        stopping.wait(pause)


if __name__ == "__main__":
    main()
