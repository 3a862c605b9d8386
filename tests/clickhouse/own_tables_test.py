#!/usr/bin/env python3
"""A shop's own tables, filled with the rows that a file imports, give the file's scorecard; and what is refused.

Usage: own_tables_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import csv
import datetime
import json
import os
import re
import sys
import time
import zlib

import servers
import shop
from checks import check, exit_code
from scorecards import LIFTMARK, as_text, count_numbers, differences, liftmark, now, report, run

QUESTIONS = [("recommendations", []), ("other", ["--segment", "device", "--current-plan"])]
# What only a store's door knows, and the catalog's own digest: it holds the names of the tables.
DOOR = {"duplicates", "late_events", "clock_skew", "gaps"}

COLUMNS = {
    "assignments": "user String, test String, variant String, ts DateTime, rec Int64, `the ``key``` String, ep UInt8, fb String, "
                   "country Nullable(String), device String, noise UInt64",
    "orders": "order_id String, user String, ts DateTime, amount Decimal(18, 6), price Nullable(String), surface String, rec Int64",
    "refunds": "id String, user String, ms Int64, amount Float64, order_ref Nullable(String), rec Int64",
    "tracking": "id String, user String, kind String, ts Nullable(DateTime), surface Nullable(String), item String, price String, "
                "rec Int64, bot UInt8",
}
MAPPING = {
    "exposures": [{
        "database": "warehouse", "table": "assignments", "where": "noise = 0",
        "columns": {"unit": "user", "experiment": "test", "arm": "variant", "at": "ts", "recorded_at": "rec", "id": "the `key`",
                    "epoch": "ep", "fallback": "fb"},
        "properties": {"country": "country", "device": "device"}}],
    "events": [
        {"database": "warehouse", "table": "orders", "constants": {"type": "purchase"},
         "columns": {"unit": "user", "at": "ts", "value": "amount", "id": "order_id", "recorded_at": "rec"},
         "properties": {"price": "price", "surface": "surface"}},
        {"database": "warehouse", "table": "refunds", "constants": {"type": "refund"},
         "columns": {"unit": "user", "at": "ms", "value": "amount", "id": "id", "recorded_at": "rec", "reference": "order_ref"}},
        {"database": "warehouse", "table": "tracking", "where": "bot = 0 -- nobody real",
         "columns": {"unit": "user", "type": "kind", "at": "ts", "id": "id", "recorded_at": "rec"},
         "properties": {"surface": "surface", "item": "item", "price": "price"}}]}


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def to_seconds(text):
    return shop.moment(text).replace(microsecond=0)


def make_rows(folder):
    """The shop's files with whole seconds and without rows of a known id and other content: which of two comes first is
    the store's business. Rows that stand twice stay."""
    known = {}
    for name in ("exposures", "events", "late", "last"):
        rows = []
        for row in read(os.path.join(folder, name + ".csv")):
            row["at"] = to_seconds(row["at"]).isoformat()
            if row["recorded_at"]:
                row["recorded_at"] = to_seconds(row["recorded_at"]).isoformat()
            if known.setdefault((name == "exposures", row["id"]), row) == row:
                rows.append(row)
        shop.write(os.path.join(folder, name + ".csv"), list(rows[0]), rows)


def micros(text):
    moment = datetime.datetime.now(datetime.timezone.utc) if text == "" else shop.moment(text)
    return int(moment.timestamp() * 1_000_000)


def warehouse_rows(name, row):
    """The table that an imported row stands in, and its fields there."""
    at, recorded = str(micros(row["at"]) // 1_000_000), str(micros(row["recorded_at"]))
    if name == "exposures":
        return "assignments", [row["unit"], row["experiment"], row["arm"], at, recorded, row["id"], row["epoch"],
                               row["fallback"], row["country"] or None, row["device"], "0"]
    price = row["price"] or None
    if row["type"] == "purchase":
        return "orders", [row["id"], row["unit"], at, row["value"] or "0", price, row["surface"], recorded]
    if row["type"] == "refund":
        return "refunds", [row["id"], row["unit"], at + "000", row["value"] or "0", row["reference"] or None, recorded]
    return "tracking", [row["id"], row["unit"], row["type"], at, row["surface"] or None, row["item"], row["price"], recorded, "0"]


def fill(hosts, folder, name):
    """Puts a file's rows into the tables, each unit's on one server."""
    texts = [{} for _ in hosts]
    for row in read(os.path.join(folder, name + ".csv")):
        table, fields = warehouse_rows("exposures" if name == "exposures" else "events", row)
        place = zlib.crc32(row["unit"].encode()) % len(hosts)
        texts[place].setdefault(table, []).append("\t".join(as_text(field) for field in fields) + "\n")
    for host, tables in zip(hosts, texts):
        for table, rows in tables.items():
            servers.ask(host, f"INSERT INTO warehouse.{table} FORMAT TabSeparated\n" + "".join(rows))


def add_noise(hosts):
    """What the filters and the rule of rows without unit or moment leave out."""
    for host in hosts:
        servers.ask(host, "INSERT INTO warehouse.tracking SELECT toString(number), 'u0000001', 'impression', toDateTime('2026-01-01 00:00:00')"
                          ", 'home', '', '', 0, 1 FROM system.numbers LIMIT 1000")
        servers.ask(host, "INSERT INTO warehouse.tracking SELECT toString(number), 'u0000001', 'impression', NULL, 'home', '', '', 0, 0 "
                          "FROM system.numbers LIMIT 10")
        servers.ask(host, "INSERT INTO warehouse.tracking SELECT toString(number), '', 'purchase', now(), 'home', '', '', 0, 0 "
                          "FROM system.numbers LIMIT 10")
        servers.ask(host, "INSERT INTO warehouse.assignments SELECT 'u0000001', 'recommendations', 'nonsense', now(), 0, 'n', 1, '', NULL, '', 7")


def make_warehouse(hosts):
    for host in hosts:
        servers.ask(host, "CREATE DATABASE IF NOT EXISTS warehouse")
        for table, columns in COLUMNS.items():
            servers.ask(host, f"DROP TABLE IF EXISTS warehouse.{table}")
            servers.ask(host, f"CREATE TABLE warehouse.{table} ({columns}) ENGINE = MergeTree ORDER BY user")


def write_catalog(folder, name, tables, **more):
    with open(os.path.join(folder, "catalog.json")) as file:
        catalog = dict(json.load(file), **more)
    if tables:
        catalog["tables"] = tables
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        json.dump(catalog, file)
    return path


def comparable(card):
    made = card["provenance"]
    made.pop("catalog_digest")
    made["counts"] = [one for one in made["counts"] if one["name"] in ("events_read", "values_unread")]
    card["checks"] = [one for one in card["checks"] if one["kind"] not in DOOR]
    return card


def compare(file, store, name, moment, questions=QUESTIONS):
    for question in questions:
        card = comparable(report(file, question, moment))
        found = [one for one in differences(card, comparable(report(store, question, moment))) if not one[3] <= 1e-9]
        check(f"{name}, {question[0]}: {count_numbers(card)} numbers of the file", not found and count_numbers(card) > 1000, found[:8])


def test_parity(top, hosts, name):
    """Every field mapped, two moments; the later one sees rows that came in between."""
    folder, file = os.path.join(top, name), os.path.join(top, name + ".db")
    shop.make(LIFTMARK, folder, 120)
    make_rows(folder)
    store = servers.address(hosts, "liftmark")
    make_warehouse(hosts)
    liftmark("init", file)
    liftmark("apply", file, os.path.join(folder, "catalog.json"))
    liftmark("init", store)
    liftmark("apply", store, write_catalog(folder, "own.json", MAPPING))
    moments = []
    for names in (["exposures", "events"], ["late"], ["last"]):
        for one in names:
            liftmark("import", file, os.path.join(folder, one + ".csv"))
            fill(hosts, folder, one)
        time.sleep(0.01)
        moments.append(now())
    fill(hosts, folder, "events")  # every row once more, with the id it had
    add_noise(hosts)
    compare(file, store, f"{name}, before the later rows", moments[0], QUESTIONS[1:])
    compare(file, store, f"{name}, with them", moments[1])
    said = [liftmark("apply", one, write_catalog(folder, "moved.json", tables and MAPPING, layers=[{"key": "new", "salt": "new"}]), "--dry-run")
            for one, tables in ((file, False), (store, True))]
    known = [re.findall(r"of \d+ known units .*", one) for one in said]
    check(name + ": an edit moves the same units", known[0] == known[1] and known[0] != [], known)
    check(name + ": check", run("check", store, "recommendations").returncode == 0)


def test_bare(top, hosts):
    """Tables that say neither ids of events nor when a row was recorded, nor epochs: the file's rows are taken as recorded
    when they happened, each standing once."""
    folder, file, store = os.path.join(top, "bare"), os.path.join(top, "bare.db"), servers.address(hosts, "bare")
    shop.make(LIFTMARK, folder, 120, 2)
    make_rows(folder)
    for name in ("exposures", "events", "late", "last"):
        rows, seen = [], set()
        for row in read(os.path.join(folder, name + ".csv")):
            if row["id"] in seen:
                continue
            seen.add(row["id"])
            row["recorded_at"] = ""
            if name == "exposures":
                row["epoch"] = 1 if row["experiment"] == "other" else 2
            else:
                row["reference"] = ""
            rows.append(row)
        shop.write(os.path.join(folder, name + ".csv"), list(rows[0]), rows)
    bare = json.loads(json.dumps(MAPPING))
    for table in bare["exposures"] + bare["events"]:
        for field in ("recorded_at", "epoch", "reference") + (() if table["table"] == "assignments" else ("id",)):
            table["columns"].pop(field, None)
    make_warehouse(hosts)
    liftmark("init", file)
    liftmark("apply", file, os.path.join(folder, "catalog.json"))
    liftmark("init", store)
    for name in ("exposures", "events", "late"):
        liftmark("import", file, os.path.join(folder, name + ".csv"), "--recorded-at", "event-time")
        fill(hosts, folder, name)
    liftmark("apply", store, write_catalog(folder, "own.json", bare))
    own = json.loads(liftmark("report", store, "recommendations", "--format", "json"))
    liftmark("import", file, os.path.join(folder, "last.csv"), "--recorded-at", "event-time")
    fill(hosts, folder, "last")
    as_of = datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(microseconds=own["provenance"]["as_of"])
    compare(file, store, "bare tables", as_of.isoformat())
    kinds = {one["kind"]: (one["status"], one["note"]) for one in own["checks"]}
    check("what the tables do not say is not checked", all(kinds[kind] == ("not_run", "own_tables")
                                                           for kind in ("duplicates", "late_events", "clock_skew")), kinds)


def refused(what, done, code, pattern):
    check(what, done.returncode == code and done.stdout == "" and re.search(pattern, done.stderr) is not None,
          (done.returncode, done.stdout, done.stderr))


def changed(change):
    mapping = json.loads(json.dumps(MAPPING))
    change(mapping)
    return mapping


def test_refusals(top, pair):
    folder, store = os.path.join(top, "two shards"), servers.address(pair, "liftmark")

    def apply_of(change, to=store):
        return run("apply", to, write_catalog(folder, "wrong.json", changed(change)))

    refused("a column that is not there", apply_of(lambda m: m["events"][0]["columns"].update(value="amuont")), 2,
            r'/tables/events/0/columns/value: table warehouse.orders on .* has no column amuont.*\n?.*did you mean "amount"')
    refused("a table that is not there", apply_of(lambda m: m["events"][1].update(table="refund")), 2, "has no table warehouse.refund,")
    refused("a name is a name", apply_of(lambda m: m["events"][0]["columns"].update(value="amount` FROM warehouse.orders; --")), 2,
            "has no column amount` FROM")
    refused("a text is no moment", apply_of(lambda m: m["events"][0]["columns"].update(at="price")), 2,
            "column price of table warehouse.orders is Nullable.String., which at cannot be read from")
    refused("a filter that is no SQL", apply_of(lambda m: m["events"][0].update(where="amount >")), 5, "says: .*Syntax error")
    refused("a field that no event has", apply_of(lambda m: m["events"][0]["columns"].update(arm="user")), 3, "/tables/events/0/columns/arm")
    refused("no arm", apply_of(lambda m: m["exposures"][0]["columns"].pop("arm")), 3, "/tables/exposures/0/columns")
    refused("a file cannot", apply_of(lambda m: None, os.path.join(top, "two shards.db")), 3, "/tables.*ClickHouse only")
    refused("nothing is imported into them", run("import", store, os.path.join(folder, "last.csv")), 2, "tables of your own")
    full = servers.address(pair, "full")
    liftmark("init", full)
    liftmark("apply", full, os.path.join(folder, "catalog.json"))
    liftmark("import", full, os.path.join(folder, "last.csv"))
    refused("not over a store's own rows", apply_of(lambda m: None, full), 2, "has rows of its own")
    for host in pair:
        servers.ask(host, "RENAME TABLE warehouse.orders TO warehouse.orders_2")
    refused("a table that went away", run("report", store, "recommendations"), 2, "has no table warehouse.orders,")
    for host in pair:
        servers.ask(host, "RENAME TABLE warehouse.orders_2 TO warehouse.orders")
    servers.ask(pair[0], "INSERT INTO warehouse.refunds SELECT 'nan', user, toInt64(toUnixTimestamp(ts)) * 1000 + 3000, nan, NULL, 0 "
                         "FROM warehouse.assignments WHERE noise = 0 LIMIT 1")
    refused("a value that is no number", run("report", store, "recommendations"), 4, "/tables/events: .*no number")
    servers.ask(pair[1], "INSERT INTO warehouse.orders FORMAT TabSeparated\n" + servers.ask(pair[0], "SELECT * FROM warehouse.orders"))
    refused("a unit on two shards", run("report", store, "recommendations"), 4, "several shards")


def test_example(top, server):
    """The example of docs/clickhouse.md runs as it stands there, but for the server's address."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/clickhouse.md")) as file:
        page = file.read()
    servers.ask(server, "DROP DATABASE IF EXISTS warehouse")
    tables, catalog = re.search(r'--query "\n(.*?)"\n', page, re.S).group(1), re.search(r"<<'END'\n(.*?)END\n", page, re.S).group(1)
    for statement in tables.split(";"):
        servers.ask(server, statement)
    path = os.path.join(top, "example.json")
    with open(path, "w") as file:
        file.write(catalog)
    for number in range(40):
        servers.ask(server, f"INSERT INTO warehouse.assignments VALUES ('u{number}', '{['control', 'short'][number % 2]}', now() - 900000, 'DE')")
        servers.ask(server, f"INSERT INTO warehouse.orders VALUES ('u{number}', now() - 800000, {number}.25, '{'test' if number == 3 else 'paid'}')")
    commands = re.findall(r"^liftmark (\w+) +clickhouse://liftmark@ch1:8123/(\w+)(.*)$", page[page.index("warehouse.orders"):], re.M)
    for command, database, more in commands:
        done = run(command, servers.address([server], database + "_example"), *more.replace("catalog.json", path).split())
        check(f"the example's {command}", done.returncode == 0, done.stderr)
    card = json.loads(liftmark("report", servers.address([server], "liftmark_example"), "checkout", "--format", "json"))
    arms = {arm["arm"]: arm for metric in card["metrics"] for arm in metric["arms"]}
    # 0.25 + 2.25 + .. + 38.25 of 20 units, and 1.25 + 5.25 + .. + 39.25 without the test order of 3.25.
    means = [arms[key]["value"] for key in ("control", "short")]
    check("the example's means", means == [(sum(range(0, 40, 2)) + 20 * 0.25) / 20, (sum(range(1, 40, 2)) - 3 + 19 * 0.25) / 20], means)


def test(top, pair):
    os.chdir(top)
    test_parity(top, pair, "two shards")
    test_refusals(top, pair)
    test_bare(top, pair[:1])
    test_example(top, pair[0])
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
