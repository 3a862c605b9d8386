#!/usr/bin/env python3
"""What people see when a ClickHouse store is not as they hope, and what an import that is cut off leaves behind.

Usage: faults_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import datetime
import json
import os
import re
import subprocess
import sys
import time

import servers
import shop
from checks import check, exit_code
from scorecards import ENVIRONMENT, LIFTMARK, run


def refused(what, done, code, pattern):
    holds = done.returncode == code and done.stdout == "" and re.search(pattern, done.stderr) is not None
    check(what, holds and servers.PLAIN_PASSWORD not in done.stderr, (done.returncode, done.stdout, done.stderr))


def counts(store, *more):
    done = run("report", store, "recommendations", "--format", "json", *more)
    counted = {row["name"]: row["value"] for row in json.loads(done.stdout)["provenance"]["counts"]}
    return counted.get("events_read"), json.loads(done.stdout)["provenance"]["data_digest"]


def cut_off(server):
    return int(servers.ask(server, "SELECT count() FROM (SELECT stamp FROM again.commits GROUP BY stamp HAVING max(ended) = 0)"))


def test_stores(pair, folder):
    both, one = servers.address(pair, "shop"), servers.address(pair[:1], "shop")
    refused("a database without a store", run("report", both, "x"), 5, "no store in the database shop")
    refused("a wrong password", run("report", both, "x", LIFTMARK_CLICKHOUSE_PASSWORD="no"), 5, "(?i)says: .*password")
    check("init makes both shards", run("init", both).returncode == 0)
    refused("init again", run("init", both), 5, "holds a store already")
    refused("a shard left out", run("report", one, "x"), 5, "shard 0 of 2 of its store, but the address makes it 0 of 1")
    refused("shards in another order", run("report", servers.address(pair[::-1], "shop"), "x"), 5, "is shard 1 of 2")
    refused("no catalog yet", run("report", both, "x"), 3, "no catalog")
    check("apply", run("apply", both, os.path.join(folder, "catalog.json")).returncode == 0)
    refused("an unknown experiment", run("report", both, "recommendation"), 2, 'Did you mean "recommendations"')
    refused("a later moment", run("report", both, "recommendations", "--as-of", "2100-01-01"), 2, "after the last commit")
    refused("a command that needs a file", run("compact", both), 2, "in ClickHouse")
    check("a report of no exposures", run("report", both, "recommendations", "--format", "json").returncode == 0)


def test_two_catalogs(pair, folder):
    """Another catalog is put in force between what apply compared with and its own writing."""
    both = servers.address(pair, "shop")
    with open(os.path.join(folder, "catalog.json")) as file:
        catalog = json.load(file)
    paths = []
    for minutes in (60, 180):
        paths.append(os.path.join(folder, f"catalog-{minutes}.json"))
        with open(paths[-1], "w") as file:
            json.dump(dict(catalog, day_offset_minutes=minutes), file)
    looks = []

    def interfere(statement):
        if b"FROM catalog " not in statement:
            return
        looks.append(statement)
        if len(looks) == 2:
            check("the other apply", run("apply", both, paths[1]).returncode == 0)

    between = servers.Between(pair[0], interfere)
    through = servers.address([between, pair[1]], "shop")
    try:
        refused("a catalog that came in between", run("apply", through, paths[0]), 3, "in force meanwhile")
        done = run("apply", through, paths[0])
        check("tried again", done.returncode == 0 and "version 3" in done.stdout, (done.stdout, done.stderr))
        done = run("apply", both, os.path.join(folder, "catalog.json"))
        check("back to the first", done.returncode == 0 and "version 4" in done.stdout, (done.stdout, done.stderr))
    finally:
        between.stop()


def test_stopped_shard(pair, folder):
    both = servers.address(pair, "shop")
    for name in ("exposures.csv", "events.csv"):
        check("import " + name, run("import", both, os.path.join(folder, name)).returncode == 0)
    before = counts(both)
    pair[1].stop()
    refused("a stopped shard", run("report", both, "recommendations"), 5, f"{pair[1].http}: cannot be reached")
    pair[1].start()
    # Stopped while the report runs: an error and no number, or the whole report where it was quicker.
    command = [LIFTMARK, "report", both, "recommendations", "--format", "json", "--print-sql"]
    running = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in running.stderr:
        if "INSERT INTO lm_value" in line:
            pair[1].stop(hard=True)
            break
    said, errors = running.communicate()
    check("a shard killed during a report", running.returncode == 5 and said == "" and str(pair[1].http) in errors,
          (running.returncode, said[:300], errors[-600:]))
    pair[1].start()
    check("the same report afterwards", counts(both) == before, (counts(both), before))


def test_restart_during_import(pair, folder):
    """Servers are killed while rows come in; the import waits for them and goes on."""
    calm, store = servers.address(pair, "shop"), servers.address(pair, "again")
    check("init another", run("init", store).returncode == 0 and run("apply", store, os.path.join(folder, "catalog.json")).returncode == 0)
    files = [os.path.join(folder, name) for name in ("exposures.csv", "events.csv")]
    running = subprocess.Popen([LIFTMARK, "import", store, *files, "--json"], env=ENVIRONMENT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    for _ in range(1000):  # until it has opened the store and begun to write
        if int(servers.ask(pair[0], "SELECT count() FROM again.commits WHERE writer != 'apply'")) > 0 or running.poll() is not None:
            break
        time.sleep(0.02)
    for pause, server in ((0, pair[1]), (0.6, pair[0])):
        time.sleep(pause)
        server.stop(hard=True)
        time.sleep(0.3)
        server.start()
    said, errors = running.communicate(timeout=120)
    check("an import through restarts of both servers", running.returncode == 0, errors)
    rows = [json.loads(line) for line in said.splitlines()]
    check("every row accounted for", sum(r["accepted"] + r["repeat"] + r["duplicate"] + r["conflict"] for r in rows) ==
          sum(r["rows"] for r in rows), rows)
    for file in files:
        done = json.loads(run("import", store, file, "--json").stdout)
        check("nothing was lost of " + os.path.basename(file), done["accepted"] == 0 and done["repeat"] == 0, done)
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()[:-6] + "Z"
    for one in (calm, store):  # makes the moment a past one
        run("import", one, os.path.join(folder, "last.csv"))
    same = [counts(one, "--as-of", moment) for one in (calm, store)]
    check("nothing lost or doubled in the report", same[0] == same[1], same)
    print("     commits that were cut off:", cut_off(pair[0]))


def test(top, pair):
    folder = os.path.join(top, "shop")
    shop.make(LIFTMARK, folder, 800)
    os.chdir(top)
    test_stores(pair, folder)
    test_two_catalogs(pair, folder)
    test_stopped_shard(pair, folder)
    test_restart_during_import(pair, folder)
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
