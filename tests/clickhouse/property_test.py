#!/usr/bin/env python3
"""Random catalogs over random logs: a file and ClickHouse agree on every number of every scorecard, to 1e-9 relative.

Usage: property_test.py LIFTMARK. 5 logs of 4 experiments each; LIFTMARK_RANDOM_LOGS says how many logs instead. The seed of
a log is its number, so that a failure can be made again (times are relative to the day of the test).
Ends with 77 (skipped) and a plain message where there is no server.
"""

import json
import os
import random
import re
import sys

import random_shop
import servers
from scorecards import count_numbers, differences, liftmark, now, report, run

EXPERIMENTS = 4
TRIES = 50


def make(file, folder, draw):
    """A file store with a catalog that is one: what the rules of plans refuse is drawn again."""
    liftmark("init", file)
    path = os.path.join(folder, "catalog.json")
    for _ in range(TRIES):
        catalog = random_shop.catalog(draw, EXPERIMENTS)
        with open(path, "w") as out:
            json.dump(catalog, out)
        done = run("apply", file, path)
        if done.returncode == 0:
            return catalog, path
    raise RuntimeError("no catalog in {} tries: {}".format(TRIES, done.stderr[:2000]))


def compare(file, store, key, moment, what, *more):
    card = report(file, (key, []), moment)
    found = list(differences(card, report(store, (key, more), moment)))
    wrong = [one for one in found if not one[3] <= 1e-9]
    for path, a, b, _ in wrong[:8]:
        print(f"  {what}: {path}: {a!r} in the file, {b!r} in ClickHouse")
    return len(wrong), count_numbers(card)


def one_log(top, pair, seed):
    folder = os.path.join(top, f"log {seed}")
    os.mkdir(folder)
    draw = random.Random(seed)
    file, store = os.path.join(folder, "file.db"), servers.address(pair, f"log{seed}")
    catalog, path = make(file, folder, draw)
    log = random_shop.Log(draw, catalog["experiments"])
    log.write(folder)
    liftmark("init", store)
    liftmark("apply", store, path)
    moments = []
    for name in ("first", "second", "last"):
        for one in (file, store):
            done = run("import", one, os.path.join(folder, name + ".ndjson"), "--rejects", os.path.join(folder, "rejects"), "--max-rejected", "1")
            if done.returncode:
                raise RuntimeError(done.stderr)
        moments.append(now())
    wrong = numbers = 0
    for experiment in catalog["experiments"]:
        moment = draw.choice(moments[:2])
        differ, counted = compare(file, store, experiment["key"], moment, f"seed {seed}, {experiment['key']}")
        wrong, numbers = wrong + differ, numbers + counted
    differ, counted = compare(file, store, experiment["key"], moment, f"seed {seed}, in slices", "--rows-at-once", "100")
    wrong, numbers = wrong + differ, numbers + counted
    print(f"seed {seed}: {len(catalog['metrics'])} metrics, {log.events} events, {numbers} numbers, {wrong} differ", flush=True)
    return wrong


def test_too_large(top, pair):
    """Values whose cubes leave 128 bits are refused by the metric's name, never added up to something else."""
    folder, store = os.path.join(top, "large"), servers.address(pair, "large")
    os.mkdir(folder)
    draw = random.Random(1)
    catalog, path = make(os.path.join(folder, "file.db"), folder, draw)
    log = random_shop.Log(draw, catalog["experiments"])
    log.rows["events"] = [dict(row, value=123456789.654321) for row in log.rows["events"]]
    log.write(folder)
    liftmark("init", store)
    liftmark("apply", store, path)
    run("import", store, os.path.join(folder, "first.ndjson"), "--rejects", os.path.join(folder, "rejects"), "--max-rejected", "1")
    done = run("report", store, "experiment 0")
    print("too large:", done.stderr.strip())
    return 0 if done.returncode == 4 and done.stdout == "" and "too large for ClickHouse to add exactly" in done.stderr else 1


def import_both(file, store, folder):
    """A moment at which both have the first file's rows; the last one makes it a past one."""
    for name in ("first", "last"):
        moment = now()
        for one in (file, store):
            run("import", one, os.path.join(folder, name + ".ndjson"), "--rejects", os.path.join(folder, "rejects"), "--max-rejected", "1")
    return moment


def test_busy_unit(top, pair):
    """More rows of one unit than the 16 bits hold in which they are counted at first."""
    folder = os.path.join(top, "busy")
    os.mkdir(folder)
    draw = random.Random(2)
    file, store = os.path.join(folder, "file.db"), servers.address(pair, "busy")
    catalog, path = make(file, folder, draw)
    log = random_shop.Log(draw, catalog["experiments"])
    log.write(folder)
    rows = [json.loads(line) for line in open(os.path.join(folder, "first.ndjson"))]
    exposed = {row["unit"] for row in rows if row.get("experiment") == "experiment 0"}
    event = next(row for row in rows if "type" in row and row["unit"] in exposed)
    with open(os.path.join(folder, "first.ndjson"), "a") as out:
        for i in range(70_000):
            out.write(json.dumps({"id": f"busy {i}", "unit": event["unit"], "type": "view", "at": event["at"], "value": 2.5}) + "\n")
    liftmark("init", store)
    liftmark("apply", store, path)
    moment = import_both(file, store, folder)
    wrong, numbers = compare(file, store, "experiment 0", moment, "a busy unit")
    print(f"a unit with 70,000 events: {numbers} numbers, {wrong} differ", flush=True)
    statements = run("report", store, "experiment 0", "--format", "json", "--print-sql").stderr
    twice = statements.count("CREATE TEMPORARY TABLE lm_value ") == 2
    left = [table for table in set(re.findall(r"CREATE TEMPORARY TABLE (\w+)", statements))
            if not re.search(rf"DROP TABLE (IF EXISTS )?{table}\b", statements[statements.rindex(f"CREATE TEMPORARY TABLE {table} "):])]
    print(f"counted again with 32 bits: {twice}; tables left on the servers: {left}", flush=True)
    return wrong + (numbers == 0) + (not twice) + len(left)


def test_many_metrics(top, pair):
    """A statement over 120 metrics is longer than a server takes unasked."""
    folder = os.path.join(top, "many")
    os.mkdir(folder)
    draw = random.Random(3)
    file, store = os.path.join(folder, "file.db"), servers.address(pair, "many")
    catalog, path = random_shop.catalog(draw, EXPERIMENTS), os.path.join(folder, "catalog.json")
    catalog["metrics"] = [
        dict({"key": f"{kind} {event} {days}", "kind": kind, "numerator": dict({"event": event}, **aggregate), "window_days": days},
             covariate={"lookback_days": 7})
        for days in (1, 2, 3, 5, 7, 9, 11, 14, 21, 28) for event in random_shop.TYPES[:4]
        for kind, aggregate in (("count", {}), ("mean", {}), ("mean", {"aggregate": "max"}))]
    for metric in catalog["metrics"]:
        metric["key"] += " of the largest" if "aggregate" in metric["numerator"] else ""
    catalog["experiments"] = [dict(catalog["experiments"][0], plan={"primary": [catalog["metrics"][0]["key"]],
                                                                    "secondary": [m["key"] for m in catalog["metrics"][1:]]})]
    with open(path, "w") as out:
        json.dump(catalog, out)
    random_shop.Log(draw, catalog["experiments"]).write(folder)
    for one in (file, store):
        liftmark("init", one)
        liftmark("apply", one, path)
    moment = import_both(file, store, folder)
    wrong, numbers = compare(file, store, catalog["experiments"][0]["key"], moment, "many metrics")
    print(f"{len(catalog['metrics'])} metrics: {numbers} numbers, {wrong} differ", flush=True)
    return wrong + (numbers == 0)


def test(top, pair):
    logs = int(os.environ.get("LIFTMARK_RANDOM_LOGS", "5"))
    wrong = sum(one_log(top, pair if seed % 2 else pair[:1], seed) for seed in range(1, logs + 1))
    return 1 if wrong + test_busy_unit(top, pair) + test_many_metrics(top, pair) + test_too_large(top, pair) else 0


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
