"""Holds one client of LaunchDarkly's Python SDK, and does what each line of standard input says; one line of JSON answers it."""

import json
import sys

from sdk import client_of, who


def answer(value):
    print(json.dumps(value), flush=True)


def details(context, flags):
    found = {}
    for flag in flags:
        detail = client.variation_detail(flag, context, None)
        found[flag] = {"value": detail.value, "variation": detail.variation_index, "reason": detail.reason}
    return found


client = client_of(json.loads(sys.stdin.readline()))
answer({})
for line in sys.stdin:
    step = json.loads(line)
    if step["do"] == "evaluate":
        answer({"value": client.variation(step["flag"], who(step["context"]), None)})
    elif step["do"] == "details":
        answer(details(who(step["context"]), step["flags"]))
    elif step["do"] == "track":
        client.track(step["event"], who(step["context"]))
        answer({})
    elif step["do"] == "flush":
        client.flush()
        answer({})
client.close()
