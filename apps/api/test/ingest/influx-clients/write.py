"""Writes what comes on standard input with InfluxDB's client, and prints what became of it, as lines of JSON."""

import json
import os
import sys

from influxdb_client import InfluxDBClient, WriteOptions

client = InfluxDBClient(url=os.environ["URL"], token=os.environ["TOKEN"], org="any")
print(json.dumps({"ping": client.ping(), "health": client.health().status, "version": client.version()}))


def failed(_, lines, error):
    print(json.dumps({"failed": len(lines.splitlines()), "status": error.status, "message": error.message}))


lines = sys.stdin.read().splitlines()
options = WriteOptions(batch_size=int(os.environ["BATCH"]), flush_interval=500, jitter_interval=0, max_retries=5)
with client.write_api(options, error_callback=failed) as api:
    api.write(bucket="any", record=lines, write_precision="ms")
client.close()
