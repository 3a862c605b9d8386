#!/usr/bin/env python3
"""The HTTP service on a ClickHouse store of two shards: the same numbers as a service on a file, catalogs put in force from
elsewhere, shards that go away while it records, and what it refuses.

Usage: serve_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import csv
import datetime
import json
import os
import signal
import sys
import threading

import servers
import shop
from checks import check, exit_code
from scorecards import LIFTMARK, differences, liftmark, now, report
from served import EVALUATE, Clients, Service, wait_for

THREADS = 6
CONTEXT = json.dumps({"context": {"targetingKey": "visitor-1"}})


def near_a_boundary(moment):
    """Whether seconds decide if a row recorded now counts as an hour, a day or a week late."""
    age = datetime.datetime.now(datetime.timezone.utc) - moment
    return any(abs((age - limit).total_seconds()) < 600
               for limit in (datetime.timedelta(hours=1), datetime.timedelta(days=1), datetime.timedelta(days=7)))


def rows_of(folder, name, drop=()):
    with open(os.path.join(folder, name), newline="") as file:
        rows = [row for row in csv.DictReader(file) if not near_a_boundary(shop.moment(row["at"]))]
    return [{key: text for key, text in row.items() if text != "" and key not in (*drop, "recorded_at")} for row in rows]


def requests_of(rows, path):
    """A list of requests for each thread: all of a unit in one, every fifth one sent again as a client does that saw no answer."""
    lists = [[] for _ in range(THREADS)]
    for row in rows:
        lists[hash_of(row["unit"]) % THREADS].append(row)
    requests = []
    for mine in lists:
        bodies = [json.dumps(mine[i:i + 70]) for i in range(0, len(mine), 70)]
        requests.append([(path, body) for n, body in enumerate(bodies) for _ in range(2 if n % 5 == 0 else 1)])
    return requests


def hash_of(text):
    return sum(text.encode())


def send_all(service, requests):
    """Sends each thread's requests in order, and gives the sums of the receipts."""
    sums, lock = {}, threading.Lock()

    def send(mine):
        for path, body in mine:
            status, receipt = service.json("POST", path, body)
            with lock:
                if status != 200:
                    sums["failed"] = receipt
                for name in ("accepted", "duplicate", "conflict", "repeat", "rejected"):
                    sums[name] = sums.get(name, 0) + receipt.get(name, 0)

    threads = [threading.Thread(target=send, args=(mine,)) for mine in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sums


def edited_catalog(folder, name, change):
    with open(os.path.join(folder, "catalog.json")) as file:
        catalog = json.load(file)
    change(catalog)
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(catalog, file)
    return path


def third_on_evaluation(catalog):
    """An experiment whose evaluations are its exposures."""
    third = json.loads(json.dumps(catalog["experiments"][1]))
    third.update(key="asked", exposure="evaluation", hashing=dict(third["hashing"], salt="asked-1"))
    third["plan"]["segments"] = ["country"]
    catalog["experiments"].append(third)


def test_same_numbers(store, file, served, own):
    """What a service on ClickHouse recorded is what one on a file did of the same requests."""
    folder = os.path.join(os.getcwd(), "shop")
    exposures = requests_of(rows_of(folder, "exposures.csv"), "/v1/exposures")
    events = requests_of(rows_of(folder, "events.csv") + rows_of(folder, "late.csv"), "/v1/events")
    both = [[send_all(service, exposures), send_all(service, events)] for service in (served, own)]
    check("every receipt as the file's", both[0] == both[1] and "failed" not in both[0][0] and both[0][1]["accepted"] > 2000, both)
    check("with duplicates and conflicts", both[0][1]["duplicate"] > 100 and both[0][1]["conflict"] > 0, both[0])
    given = [[service.arm("asked", f"visitor-{i}", country="CZ") for i in range(200)] for service in (served, own)]
    check("every arm as the file's", given[0] == given[1] and set(given[0]) == {"control", "treatment"}, given)
    moment = wait_for_exposures(store, given[0])
    for service in (served, own):  # makes the moment a past one
        service.json("POST", "/v1/events", json.dumps([{"id": "last", "unit": "nobody", "type": "none"}]))
    for question in (("recommendations", ()), ("other", ())):
        cards = [report(one, question, moment) for one in (store, file)]
        found = list(differences(*cards))
        check(f"the report of {question[0]} is the file's", not found, found[:10])
    asked = report(store, ("asked", ()), moment)
    counts = {arm["key"]: arm["units"] for arm in asked["arms"]}
    check("evaluations were recorded", counts == {arm: given[0].count(arm) for arm in set(given[0])}, counts)
    over_http = served.json("GET", f"/v1/experiments/other/scorecard?as_of={moment.replace('+', '%2B')}")
    found = list(differences(over_http[1], report(store, ("other", ()), moment)))
    check("the scorecard over HTTP is the command's", over_http[0] == 200 and not found, found[:5])
    status, page = served.ask("GET", "/reports/other")
    check("a page", status == 200 and "<html" in page, page[:300])


def wait_for_exposures(store, given):
    def recorded():
        arms = json.loads(liftmark("report", store, "asked", "--format", "json"))["arms"]
        return sum(arm["units"] for arm in arms) == len(given)
    check("exposures of evaluations arrive", wait_for(recorded, 20))
    return now()


def test_refused(served, token):
    for method, path in (("POST", "/v1/consent"), ("POST", "/v1/links"), ("POST", "/v1/erase"), ("POST", "/v1/purge"),
                         ("POST", "/v1/compact"), ("GET", "/v1/audit")):
        status, said = served.json(method, path, "{}", token)
        message = said["error"]["message"]
        check(f"{method} {path} is refused by name", status == 501 and path in message and "ClickHouse" in message, (status, said))
        check(f"{method} {path} needs its scope first", served.ask(method, path, "{}")[0] == 401)
    status, said = served.json("GET", "/v1/experiments?as_of=2100-01-01", None, token)
    check("a later moment", status == 400 and "after the last commit" in json.dumps(said), (status, said))
    check("an unknown experiment", served.ask("GET", "/v1/experiments/nothing/scorecard", None, token)[0] == 404)


def test_catalogs(store, served, token, folder, pair):
    """A catalog put in force elsewhere, one over HTTP, and a wrong one."""
    def stop(catalog):
        third_on_evaluation(catalog)
        catalog["experiments"][2]["status"] = "stopped"
    version = served.json("GET", "/readyz")[1]["catalog_version"]
    liftmark("apply", store, edited_catalog(folder, "stopped.json", stop))
    check("a catalog applied elsewhere is in force within 5 s",
          wait_for(lambda: served.json("GET", "/readyz")[1]["catalog_version"] == version + 1, 5))
    status, said = served.json("POST", EVALUATE + "asked", CONTEXT, token)
    check("and answered by", said.get("reason") == "DISABLED", (status, said))
    with open(edited_catalog(folder, "again.json", third_on_evaluation)) as file:
        status, said = served.json("PUT", "/v1/catalog", file.read(), token)
    check("a catalog over HTTP", status == 200 and said["version"] == version + 2, (status, said))
    status, said = served.json("POST", EVALUATE + "asked", CONTEXT, token)
    check("is in force for the next request", said.get("reason") == "SPLIT", (status, said))
    log = servers.ask(pair[0], "SELECT detail FROM shop.audit ORDER BY recorded_at")
    check("and is noted in the log of acts", "PUT /v1/catalog by ops" in log, log)
    status, said = served.json("PUT", "/v1/catalog", "{}", token)
    check("a wrong catalog is refused", status == 422, (status, said))


def test_override(store, served, folder):
    """An override goes with the unit that it names, in a service that runs too."""
    def override(catalog):
        catalog["experiments"][0]["overrides"] = {"named-1": "treatment", "named-2": "treatment"}
    def why(unit):
        context = json.dumps({"context": {"targetingKey": unit}})
        return served.json("POST", EVALUATE + "recommendations", context)[1]["metadata"]["why"]
    liftmark("apply", store, edited_catalog(folder, "override.json", override))
    check("an override is in force within 5 s", wait_for(lambda: why("named-1") == "overridden", 5))
    liftmark("erase", store, "named-1", "--wait", "0")
    check("and gone within 5 s of the erasure", wait_for(lambda: why("named-1") != "overridden", 5))
    check("another one stays", why("named-2") == "overridden")


def recorded_ids(store, prefix):
    rows = liftmark("export", store, "events", "--format", "ndjson").splitlines()
    return [i for i in (json.loads(row)["id"] for row in rows) if i.startswith(prefix)]


def compare_ids(what, store, prefix, acknowledged):
    ids = recorded_ids(store, prefix)
    check(what + ": nothing doubled", len(ids) == len(set(ids)), (len(ids), len(set(ids))))
    check(what + ": nothing acknowledged lost", acknowledged <= set(ids), sorted(acknowledged - set(ids))[:5])
    print(f"     {len(acknowledged)} acknowledged, {len(ids)} recorded")


def rows_standing(pair, prefix):
    """Rows of the tables themselves; a commit that was cut off may have left some twice."""
    return sum(int(servers.ask(server, f"SELECT count() FROM shop.event WHERE startsWith(id, '{prefix}')")) for server in pair)


def test_outage(store, served, pair):
    """Each shard is killed and started again while clients record."""
    for name, server in (("second", pair[1]), ("first", pair[0])):
        clients = Clients(served, name)
        check(f"recording before the {name} shard goes", clients.more(200))
        server.stop(hard=True)
        check(f"without the {name} shard: 503", clients.more(503), clients.statuses)
        check("evaluations go on", served.arm("recommendations", "visitor-1") in ("control", "treatment"))
        status, said = served.json("GET", "/readyz")
        check("the service is ready and says what is away", (status, said["store"]) == (200, "unavailable"), said)
        check("so do the metrics", "liftmark_store_up 0" in served.ask("GET", "/metrics", None, None)[1])
        check("a report is refused", served.ask("GET", "/v1/experiments/other/scorecard")[0] == 503)
        server.start()
        check(f"recording goes on with the {name} shard", clients.more(200, 20), clients.statuses)
        acknowledged = clients.stop()
        check("no other answers", set(clients.statuses) <= {200, 503}, clients.statuses)
        check("the store is up again", wait_for(lambda: served.json("GET", "/readyz")[1]["store"] == "ok", 10))
        compare_ids(f"the {name} shard", store, name + "-", acknowledged)
        print("     rows in the tables:", rows_standing(pair, name + "-"))
        receipts = [served.json("POST", "/v1/events", body)[1] for body in clients.bodies]
        check("what was acknowledged is known", all(r["duplicate"] == 20 for r in receipts), receipts)


def test_two_services(store, served, pair, folder):
    """Two services get the same rows at the same time: neither sees what the other one is writing."""
    other = Service(store, folder)
    exposures = [{"id": f"x-two-{i}", "unit": f"t{i}", "experiment": "recommendations", "epoch": 2,
                  "arm": "control", "at": now()} for i in range(50)]
    check("exposed", served.ask("POST", "/v1/exposures", json.dumps(exposures))[0] == 200)
    before = events_read(store)
    for number in range(20):
        body = json.dumps([{"id": f"two-{number}-{i}", "unit": f"t{i}", "type": "purchase", "at": now()} for i in range(50)])
        both = [threading.Thread(target=service.ask, args=("POST", "/v1/events", body)) for service in (served, other)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    check("the other service ends", other.end() == 0)
    standing, ids = rows_standing(pair, "two-"), recorded_ids(store, "two-")
    check("some rows stand twice", standing > 1000, standing)
    check("every id is exported once", len(ids) == 1000 and len(set(ids)) == 1000, len(ids))
    read = events_read(store) - before
    check("and counted once in a report", read == 1000, read)


def events_read(store):
    counted = json.loads(liftmark("report", store, "recommendations", "--format", "json"))["provenance"]["counts"]
    return {row["name"]: row["value"] for row in counted}["events_read"]


def test_full(served, pair):
    """A server that hangs: what fits waits, the rest is told to come back, and all that was taken is acknowledged."""
    body = json.dumps([{"id": f"wide-{i}", "unit": f"w{i}", "type": "view", "text": "x" * 700} for i in range(9000)])
    statuses, lock = [], threading.Lock()

    def send():
        status, said = served.ask("POST", "/v1/events", body)
        with lock:
            statuses.append((status, json.loads(said).get("error", {}).get("code")))

    pair[1].process.send_signal(signal.SIGSTOP)
    try:
        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        check("a full queue gives 503", wait_for(lambda: (503, "busy") in statuses, 30), statuses)
        check("evaluations go on", served.arm("recommendations", "visitor-2") in ("control", "treatment"))
    finally:
        pair[1].process.send_signal(signal.SIGCONT)
    for thread in threads:
        thread.join()
    check("what was taken is acknowledged", set(statuses) == {(200, None), (503, "busy")}, statuses)


def test_end(store, served):
    """SIGTERM while clients record and evaluate."""
    clients = Clients(served, "end")
    check("recording before the end", clients.more(200))
    asked = [served.arm("asked", f"late-{i}") for i in range(50)]
    code = served.end()
    check("SIGTERM ends with 0", code == 0, (code, served.errors()))
    compare_ids("SIGTERM", store, "end-", clients.stop())
    late = [row for row in liftmark("export", store, "exposures", "--format", "ndjson").splitlines() if '"late-' in row]
    check("what evaluations left is recorded", len(late) == len(asked), len(late))


def test_list_of_commits(store, pair, folder):
    """Hours of one writer are folded to their last commit; those with two writers, or with a commit cut off, stay as they are."""
    hour, first = 3600 * 10**6, 490000  # in the past
    rows = [(first + h, minute, "alone") for h in range(4) for minute in range(50)]
    rows += [(first + 10, minute, writer) for minute in range(20) for writer in ("one", "two")]
    rows += [(first + 11, minute, "two") for minute in range(20)]  # beside an hour of two
    rows += [(first + 20, minute, "cut") for minute in range(20)]
    rows += [(first + 30, 0, "last")]
    values = []
    for n, (at, minute, writer) in enumerate(rows):
        stamp = at * hour + minute * 60 * 10**6 + n
        values.append(f"({stamp}, '{writer}', {stamp}, 0)")
        if writer != "cut" or minute != 7:
            values.append(f"({stamp}, '{writer}', {stamp}, {stamp + 10**6})")
    servers.ask(pair[0], "INSERT INTO shop.commits VALUES " + ", ".join(values))
    moment = now()
    liftmark("import", store, late_row(folder))
    before = report(store, ("recommendations", ()), moment)
    served = Service(store, folder, "--care-every", "1")
    expected = {"alone": 4, "one": 20, "two": 40, "cut": 20, "last": 1}

    def listed():
        sql = f"SELECT writer, uniqExact(stamp) FROM shop.commits WHERE stamp < {(first + 31) * hour} AND writer != 'apply' GROUP BY writer"
        return {writer: int(n) for writer, n in (line.split("\t") for line in servers.ask(pair[0], sql).splitlines())}

    check("what is known of past hours is folded", wait_for(lambda: listed() == expected, 20), listed())
    check("the end", served.end() == 0)
    found = list(differences(before, report(store, ("recommendations", ()), moment)))
    check("and reports stay as they were", not found, found[:5])


def late_row(folder):
    """A file with one more event, so that this moment is a past one."""
    path = os.path.join(folder, "one.csv")
    with open(path, "w") as file:
        file.write(f"id,unit,type,at\nfolded,nobody,none,{now()}\n")
    return path


def test_own_tables(pair, folder):
    """Where the catalog maps tables, the service gives arms and reports, and writes nothing."""
    servers.ask(pair[0], "CREATE DATABASE warehouse")
    servers.ask(pair[0], "CREATE TABLE warehouse.seen (user String, variant String, ts DateTime) ENGINE = MergeTree ORDER BY user")
    servers.ask(pair[0], "CREATE TABLE warehouse.orders (user String, ts DateTime) ENGINE = MergeTree ORDER BY user")
    servers.ask(pair[0], "INSERT INTO warehouse.seen SELECT concat('u', toString(number)), 'control', now() FROM system.numbers LIMIT 10")
    tables = {"exposures": [{"database": "warehouse", "table": "seen", "constants": {"experiment": "other"},
                             "columns": {"unit": "user", "arm": "variant", "at": "ts"}}],
              "events": [{"database": "warehouse", "table": "orders", "constants": {"type": "purchase"},
                          "columns": {"unit": "user", "at": "ts"}}]}
    store = servers.address(pair[:1], "mapped")
    liftmark("init", store)
    liftmark("apply", store, edited_catalog(folder, "mapped.json", lambda catalog: catalog.update(tables=tables)))
    served = Service(store, folder)
    status, said = served.json("POST", "/v1/events", "[]")
    check("own tables are not written to", status == 501 and said["error"]["code"] == "own_tables", (status, said))
    check("arms are given", served.arm("other", "visitor-1") in ("control", "treatment"))
    status, card = served.json("GET", "/v1/experiments/other/scorecard")
    check("and reports", status == 200 and sum(arm["units"] for arm in card["arms"]) == 10, (status, card))
    check("the end", served.end() == 0)


def test(top, pair):
    os.chdir(top)
    folder = os.path.join(top, "shop")
    shop.make(LIFTMARK, folder, 250)
    store, file = servers.address(pair, "shop"), os.path.join(top, "shop.db")
    catalog = edited_catalog(folder, "three.json", third_on_evaluation)
    tokens = os.path.join(top, "tokens.ndjson")
    token = liftmark("token", "create", tokens, "ops", "--scope", "admin,read,record,assign").split()[-1]
    for one in (store, file):
        liftmark("init", one)
        liftmark("apply", one, catalog)
    served, own = Service(store, top), Service(file, top)
    test_same_numbers(store, file, served, own)
    check("the file's service ends", own.end() == 0)
    test_outage(store, served, pair)
    test_two_services(store, served, pair, top)
    test_full(served, pair)
    test_end(store, served)
    served = Service(store, top, "--tokens", tokens)
    test_refused(served, token)
    test_catalogs(store, served, token, folder, pair)
    served.end()
    served = Service(store, top)
    test_override(store, served, folder)
    check("the end", served.end() == 0)
    test_list_of_commits(store, pair, folder)
    test_own_tables(pair, folder)
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
