"""Scorecards of one question from several stores, and what differs between them."""

import datetime
import json
import os
import subprocess
import sys

import servers

LIFTMARK = os.path.abspath(sys.argv[1])
ENVIRONMENT = dict(os.environ, LIFTMARK_CLICKHOUSE_PASSWORD=servers.PLAIN_PASSWORD)
# What names the store and the moment of the import, not the numbers.
ELSEWHERE = {"command", "as_of"}


def run(*arguments, **more):
    return subprocess.run([LIFTMARK, *arguments], env=dict(ENVIRONMENT, **more), capture_output=True, text=True)


def liftmark(*arguments):
    done = run(*arguments)
    if done.returncode:
        raise RuntimeError(f"liftmark {' '.join(arguments)}: {done.stderr[:4000]}")
    return done.stdout


def as_text(field):
    """A field of a TabSeparated row."""
    return "\\N" if field is None else field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def report(store, question, moment):
    experiment, more = question
    return json.loads(liftmark("report", store, experiment, "--format", "json", "--as-of", moment, *more))


def differences(a, b, path=""):
    """Yields (path, one, other, relative difference) of what is not equal."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in ELSEWHERE:
                yield from differences(a.get(key), b.get(key), f"{path}/{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (one, other) in enumerate(zip(a, b)):
            yield from differences(one, other, f"{path}/{i}")
    elif isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        if a != b:
            yield path, a, b, abs(a - b) / max(abs(a), abs(b))
    elif a != b:
        yield path, a, b, float("inf")


def count_numbers(value):
    if isinstance(value, dict):
        return sum(map(count_numbers, value.values()))
    if isinstance(value, list):
        return sum(map(count_numbers, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)
