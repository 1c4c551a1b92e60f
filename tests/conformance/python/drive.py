"""Drives LaunchDarkly's Python SDK through the steps on standard input: 8 and later with contexts, 7 with users."""

import json
import sys

import ldclient
from ldclient.config import Config

if int(ldclient.__version__.split(".")[0]) >= 8:
    from ldclient import Context

    def who(context):
        return Context.from_dict(context)

    private = "private_attributes"
else:
    BUILT_IN = {"key", "country", "email", "name", "anonymous"}

    def who(context):
        user = {name: context[name] for name in BUILT_IN if name in context}
        custom = {name: value for name, value in context.items() if name not in BUILT_IN | {"kind", "_meta"}}
        hidden = context.get("_meta", {}).get("privateAttributes")
        return {**user, **({"custom": custom} if custom else {}), **({"privateAttributeNames": hidden} if hidden else {})}

    private = "private_attribute_names"

told = json.load(sys.stdin)
scenario = told["scenario"]
client = ldclient.LDClient(
    Config(
        told["sdkKey"], stream_uri=told["flagsUri"], base_uri=told["flagsUri"], events_uri=told["intakeUri"],
        flush_interval=3600, **{private: set(scenario["privateAttributes"])},
    ),
    start_wait=10,
)
if not client.is_initialized():
    sys.exit("the SDK did not get its flags within 10 s")
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
