#!/usr/bin/env python3
"""The same import into a file and into ClickHouse gives the same scorecard, to 1e-9 relative on every number.

Usage: parity_test.py LIFTMARK [USERS [SEED]]
Engines: clickhouse-server from Debian, one server and two shards; ClickHouse 26 where LIFTMARK_CHDB names a folder with
the npm package chdb. Ends with 77 (skipped) and a plain message where there is no server.
"""

import json
import os
import sys

import servers
import shop
from scorecards import LIFTMARK, count_numbers, differences, liftmark, now, report

USERS = int(sys.argv[2]) if len(sys.argv) > 2 else 300
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
# Slices of 1,000 events: the shop has some hundred thousand, of which a slice is one by default.
QUESTIONS = [("recommendations", []), ("recommendations", ["--rows-at-once", "1000"]), ("other", []), ("other", ["--segment", "device", "--current-plan"])]


def take(stores, folder, names):
    """Imports files into every store; what each import said, without times."""
    said = {store: [] for store in stores}
    for store in stores:
        for name in names:
            rejects = os.path.join(folder, "rejects")
            one = json.loads(liftmark("import", store, os.path.join(folder, name), "--json", "--rejects", rejects))
            said[store].append({key: value for key, value in one.items() if key not in ("seconds", "durable")})
    return said


def compare_imports(said, names):
    file, *others = said
    failed = 0
    for store in others:
        if said[store] != said[file]:
            print(f"{names[store]}: the import says {said[store]}, the file's {said[file]}")
            failed += 1
    return failed


def compare_reports(file, names, moments):
    failed = 0
    for question in QUESTIONS:
        for said, moment in moments:
            card = report(file, question, moment)
            if question[0] == "recommendations" and '"without_bots"' not in json.dumps(card):
                print("nobody is suspected to be a bot, so that nothing is measured without them")
                failed += 1
            for store, name in names.items():
                found = list(differences(card, report(store, question, moment)))
                wrong = [one for one in found if not one[3] <= 1e-9]
                largest = max((one[3] for one in found), default=0.0)
                print(f"{name}, {' '.join([question[0], *question[1]])} as of {said}: {count_numbers(card)} numbers, "
                      f"{len(wrong)} differ; largest relative difference {largest:.3g}", flush=True)
                for path, a, b, _ in wrong[:12]:
                    print(f"  {path}: {a!r} in the file, {b!r} in ClickHouse")
                failed += len(wrong)
    return failed


def test(top, names):
    """`names`: ClickHouse stores by address, with what to call them."""
    folder, file = os.path.join(top, "shop"), os.path.join(top, "shop.db")
    shop.make(LIFTMARK, folder, USERS, SEED)
    print(f"{USERS} users from {shop.START}, seed {SEED}")
    stores = [file, *names]
    for store in stores:
        liftmark("init", store)
        liftmark("apply", store, os.path.join(folder, "catalog.json"))
    failed = compare_imports(take(stores, folder, ["exposures.csv", "events.csv"]), names)
    moments = [("the first import", now())]
    failed += compare_imports(take(stores, folder, ["late.csv"]), names)
    moments.append(("the second import", now()))
    # The same file again adds nothing; the last event makes the moment before it a past one.
    failed += compare_imports(take(stores, folder, ["events.csv", "last.csv"]), names)
    return failed + compare_reports(file, names, moments)


def test_engines(top, pair):
    names = {servers.address(pair[:1], "alone"): "18.16, one server",
             servers.address(pair, "pair"): "18.16, two shards"}
    if not os.environ.get("LIFTMARK_CHDB"):
        print("26: not tested, LIFTMARK_CHDB names no folder with the npm package chdb")
        return 1 if test(top, names) else 0
    modern = servers.Modern(os.path.join(top, "modern")).start()
    try:
        names[servers.address([modern], "modern")] = "26, in process"
        return 1 if test(top, names) else 0
    finally:
        modern.stop()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test_engines))
