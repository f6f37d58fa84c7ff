"""The peer of bench/verify.mjs: Python's math-verify over the rows on standard input, with its own defaults."""

import json
import logging
import sys
import time
from importlib.metadata import version

from math_verify import parse, verify

logging.disable(logging.CRITICAL)


def accepted(row):
    try:
        return bool(verify(parse(row["reference"]), parse(row["prediction"])))
    except Exception:
        return False


def main():
    task = json.load(sys.stdin)
    rows, seconds = task["rows"], task["seconds"]
    right = [accepted(row) == row["expected"] for row in rows]
    count, wall, cpu, spent = 0, time.perf_counter(), time.process_time(), 0.0
    while spent < seconds:
        for row in rows:
            accepted(row)
        count += len(rows)
        spent = time.process_time() - cpu
    result = {
        "version": version("math-verify"),
        "count": count,
        "wallSeconds": time.perf_counter() - wall,
        "cpuSeconds": spent,
        "right": right,
    }
    print(json.dumps(result))


main()
