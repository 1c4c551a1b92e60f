"""Takes aggregated records apart with AWS Labs' module for Python. In: a JSON array of base64 data. Out: a JSON array of
the texts inside, each with the partition key and the explicit hash key that it was given."""
import base64
import json
import sys

from aws_kinesis_agg.deaggregator import deaggregate_records

records = [
    {"eventID": f"shardId-0:{i}", "kinesis": {"kinesisSchemaVersion": "1.0", "sequenceNumber": str(i), "partitionKey": "outer", "approximateArrivalTimestamp": 1.0, "data": data}}
    for i, data in enumerate(json.load(sys.stdin))
]
inner = [record["kinesis"] for record in deaggregate_records(records)]
json.dump([[base64.b64decode(each["data"]).decode(), each["partitionKey"], each["explicitHashKey"]] for each in inner], sys.stdout)
