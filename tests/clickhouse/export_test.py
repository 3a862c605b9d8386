#!/usr/bin/env python3
"""The same import into a file and into ClickHouse is exported as the same rows, and comes back from them as the same report.

Usage: export_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import csv
import io
import json
import os
import sys

import servers
import shop
from checks import check, exit_code
from scorecards import LIFTMARK, liftmark, now, run

QUESTIONS = [["events"], ["exposures"], ["events", "--type", "purchase", "--type", "refund"], ["events", "--unit", "SOMEBODY"],
             ["exposures", "--unit", "SOMEBODY"], ["exposures", "--experiment", "other"], ["events", "--unit", "nobody"],
             ["events", "--from", str(shop.START + 4 * shop.datetime.timedelta(days=1)), "--to", str(shop.START + 9 * shop.datetime.timedelta(days=1))]]


def without_recorded(rows):
    """Rows in an order of their own. A row without a recording time got that of its import, which is another one here."""
    return sorted(json.dumps({key: value for key, value in row.items() if value not in ("", None) and key != "recorded_at"}, sort_keys=True)
                  for row in rows)


def ndjson(store, *question):
    return without_recorded(json.loads(line) for line in liftmark("export", store, *question, "--format", "ndjson").splitlines())


def table(store, *question):
    return without_recorded(csv.DictReader(io.StringIO(liftmark("export", store, *question))))


def take(store, folder, names):
    liftmark("init", store)
    liftmark("apply", store, os.path.join(folder, "catalog.json"))
    for name in names:
        liftmark("import", store, os.path.join(folder, name))


def digest(store):
    return json.loads(liftmark("report", store, "other", "--format", "json"))["provenance"]["data_digest"]


def test(top, pair):
    folder, file, store = os.path.join(top, "shop"), os.path.join(top, "shop.db"), servers.address(pair, "shop")
    shop.make(LIFTMARK, folder, 80)
    os.chdir(top)
    for one in (file, store):
        take(one, folder, ["exposures.csv", "events.csv"])
    moment = now()
    for one in (file, store):
        liftmark("import", one, os.path.join(folder, "late.csv"))
    somebody = json.loads(liftmark("export", file, "exposures", "--format", "ndjson").splitlines()[0])["unit"]
    for question in QUESTIONS:
        question = [somebody if word == "SOMEBODY" else word for word in question]
        asked = " ".join(question)
        same = ndjson(file, *question)
        check(f"{asked}: {len(same)} rows", ndjson(store, *question) == same and (len(same) > 0 or "nobody" in asked))
        check(f"{asked}, as CSV", table(store, *question) == table(file, *question))
    check("as of the first import", ndjson(store, "events", "--as-of", moment) == ndjson(file, "events", "--as-of", moment) != ndjson(file, "events"))
    later = run("export", store, "--as-of", "2100-01-01")
    check("as of a later moment", later.returncode == 2 and "after the last commit" in later.stderr, later.stderr)
    back = os.path.join(top, "back.db")
    for kind in ("exposures", "events"):
        with open(os.path.join(folder, kind + "-back.ndjson"), "w") as out:
            out.write(liftmark("export", store, kind, "--format", "ndjson"))
    take(back, folder, ["exposures-back.ndjson", "events-back.ndjson"])
    check("imported again it gives the same report", digest(back) == digest(file), (digest(back), digest(file)))
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
