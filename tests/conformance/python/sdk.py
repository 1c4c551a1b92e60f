"""LaunchDarkly's Python SDK for the drivers: 8 and later with contexts, 7 with users."""

import sys

import ldclient
from ldclient.config import Config

if int(ldclient.__version__.split(".")[0]) >= 8:
    from ldclient import Context

    def who(context):
        return Context.from_dict(context)

    PRIVATE = "private_attributes"
else:
    BUILT_IN = {"key", "country", "email", "name", "anonymous"}

    def who(context):
        user = {name: context[name] for name in BUILT_IN if name in context}
        custom = {name: value for name, value in context.items() if name not in BUILT_IN | {"kind", "_meta"}}
        hidden = context.get("_meta", {}).get("privateAttributes")
        return {**user, **({"custom": custom} if custom else {}), **({"privateAttributeNames": hidden} if hidden else {})}

    PRIVATE = "private_attribute_names"


def client_of(told, private=()):
    options = {PRIVATE: set(private)}
    if told.get("secondProtocol"):
        from ldclient import datasystem

        options["datasystem_config"] = datasystem.default().build()
    client = ldclient.LDClient(
        Config(
            told["sdkKey"], stream_uri=told["flagsUri"], base_uri=told["flagsUri"], events_uri=told["intakeUri"],
            flush_interval=3600, **options,
        ),
        start_wait=10,
    )
    if not client.is_initialized():
        sys.exit("the SDK did not get its flags within 10 s")
    return client
