"""Drives LaunchDarkly's Python SDK through the steps on standard input."""

import json
import sys

from sdk import client_of, who

told = json.load(sys.stdin)
scenario = told["scenario"]
client = client_of(told, scenario["privateAttributes"])
for step in scenario["steps"]:
    context = who(scenario["contexts"][step["context"]])
    if step["do"] == "identify":
        client.identify(context)
    elif step["do"] == "variation":
        client.variation(step["flag"], context, step["default"])
    elif step["do"] == "detail":
        client.variation_detail(step["flag"], context, step["default"])
    elif step["do"] == "track":
        client.track(step["event"], context, step.get("data"), step.get("metric"))
    elif step["do"] == "alias":
        client.alias(context, who(scenario["contexts"][step["previous"]]))
client.flush()
client.close()
