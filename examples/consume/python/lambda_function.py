"""A Lambda function on a Kinesis event source: runtime python3.11 or later, handler `lambda_function.handler`, event source mapping as in
../event-source-mapping.json. docs/consume.md says how to set it up.
"""

import base64
import json
import sys

from recent_ids import RecentIds
from records import events_of


def store(events):
    """Replace this by what your function is for. It can get an event twice, from another instance of the function or long after:
    store each under its event.id. Here, each event is a line of JSON in CloudWatch Logs.
    """
    sys.stdout.write("".join(event.line + "\n" for event in events))
    sys.stdout.flush()


def handler_for(store, recent=None):
    """`store(events)` returns when they are stored for good."""
    recent = recent or RecentIds()

    def handler(event, _context):
        events = []
        # The first record that failed. Lambda tries again from it on, and gives it up alone: BisectBatchOnFunctionError.
        failed = None
        for record in event["Records"]:
            try:
                events += events_of(base64.b64decode(record["kinesis"]["data"]))
            except ValueError as error:
                _fault("Record cannot be read", record, error)
                failed = record
                break
        fresh = recent.fresh(events)
        try:
            if fresh:
                store(fresh)
            recent.add(fresh)
        except Exception as error:
            failed = event["Records"][0]
            _fault("Events cannot be stored", failed, error)
        return {"batchItemFailures": [{"itemIdentifier": failed["kinesis"]["sequenceNumber"]}] if failed else []}

    return handler


def _fault(message, record, error):
    print(json.dumps({"message": message, "record": record["eventID"], "error": str(error)}), file=sys.stderr)


handler = handler_for(store)
