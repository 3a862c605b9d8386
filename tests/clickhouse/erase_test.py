#!/usr/bin/env python3
"""Erasure and purge in ClickHouse: the report is the file's after the same act, at once and whatever breaks off, and in the
end no file of any server holds the unit.

Usage: erase_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import csv
import io
import json
import os
import re
import sys
import time

import servers
import shop
import stored_files
from checks import check, exit_code
from scorecards import LIFTMARK, differences, liftmark, now, report, run

QUESTIONS = [("recommendations", []), ("other", [])]


class Shop:
    """The same shop in a file and on two shards."""

    def __init__(self, top, pair):
        self.pair, self.folder = pair, os.path.join(top, "shop")
        self.file, self.store = os.path.join(top, "shop.db"), servers.address(pair, "shop")
        shop.make(LIFTMARK, self.folder, 100)
        self.catalog = os.path.join(self.folder, "catalog.json")
        self.import_files(["exposures.csv"])
        self.units = self.exposed_units()
        with open(self.catalog) as file:
            catalog = json.load(file)
        catalog["experiments"][0]["overrides"] = {unit: "treatment" for unit in self.units[1][:2]}
        with open(self.catalog, "w") as file:
            json.dump(catalog, file)
        self.both("apply", self.catalog)
        self.import_files(["events.csv", "late.csv"])
        self.before = now()
        self.import_files(["last.csv"])

    def import_files(self, names):
        for store in (self.file, self.store):
            if names == ["exposures.csv"]:
                liftmark("init", store)
                liftmark("apply", store, self.catalog)
            for name in names:
                liftmark("import", store, os.path.join(self.folder, name))

    def both(self, command, *arguments):
        return [liftmark(command, store, *arguments) for store in (self.file, self.store)]

    def exposed_units(self):
        """By shard, those with exposures in both experiments."""
        sql = "SELECT unit FROM shop.exposure WHERE repeat = 0 GROUP BY unit HAVING uniqExact(experiment) = 2 ORDER BY unit"
        return [servers.ask(server, sql).split() for server in self.pair]

    def compare(self, what, store=None):
        """The reports, of now and of the moment before the last import, are the file's."""
        def differ(question, moment):
            here = report(store or self.store, question, moment)
            return [one for one in differences(report(self.file, question, moment), here) if not one[3] <= 1e-9]

        wrong = differ(QUESTIONS[0], self.before)
        moment = now_after(self.file, self.store)  # its purge carries on what is pending: first the report without it
        for question in QUESTIONS:
            wrong += differ(question, moment)
        check(what + ": the reports are the file's", not wrong, wrong[:5])

    def exported(self, unit):
        return [run("export", self.store, kind, "--unit", unit, "--format", "ndjson").stdout for kind in ("events", "exposures")]


def now_after(file, store):
    """A moment that both stores have passed."""
    moment = now()
    liftmark("consent", file, "nobody", "granted")
    liftmark("purge", store, "--keep", "nothing=1")
    return moment


def refused(what, done, code, pattern):
    check(what, done.returncode == code and done.stdout == "" and re.search(pattern, done.stderr), (done.returncode, done.stdout, done.stderr))


def traces(shop_, unit):
    """Bytes that stand for the unit: its id, its key, the ids of its rows."""
    shard = next(server for server, units in zip(shop_.pair, shop_.units) if unit in units)
    low, high = servers.ask(shard, f"SELECT low, high FROM shop.exposure WHERE unit = '{unit}' LIMIT 1").split()
    rows = servers.ask(shard, f"SELECT id FROM shop.event WHERE unit = '{unit}' UNION ALL SELECT id FROM shop.exposure WHERE unit = '{unit}'")
    needles = {"low": int(low).to_bytes(8, "little"), "high": int(high).to_bytes(8, "little"), "unit": unit.encode()}
    return dict(needles, **{f"id {one}": one.encode() for one in rows.split()})


def data_folders(pair):
    return [os.path.join(server.home, "data") for server in pair]


def found(pair, needles):
    return [one for folder in data_folders(pair) for one in stored_files.find(folder, needles)]


def breaking(shop_, shard, statement):
    """An address behind which the shard is killed when the statement comes to it."""
    broken = []

    def interfere(body):
        if statement in body and not broken:
            broken.append(body)
            shop_.pair[shard].stop(hard=True)

    between = servers.Between(shop_.pair[shard], interfere)
    pair = list(shop_.pair)
    pair[shard] = between
    return between, servers.address(pair, "shop"), broken


def test_hidden_at_once(shop_, unit):
    file, here = (run("erase", shop_.file, unit), run("erase", shop_.store, unit, "--wait", "0"))
    check("the same rows are removed", here.returncode == 0 and file.stdout.split(";")[0] == here.stdout.split(";")[0], (file, here))
    check("the file has finished, the servers have not", "finished" in file.stdout and "; pending: " in here.stdout, (file.stdout, here.stdout))
    check("nothing of the unit is exported", shop_.exported(unit) == ["", ""])
    shop_.compare("at once")


def wait_until_removed(shop_, unit):
    end = time.monotonic() + 60
    sql = f"SELECT count() FROM shop.event WHERE unit = '{unit}'"
    while time.monotonic() < end and any(servers.ask(server, sql) != "0\n" for server in shop_.pair):
        time.sleep(0.1)


def begin_import(shop_):
    """The commit of an import that takes its time."""
    begun = int(time.time() * 1e6)
    servers.ask(shop_.pair[0], f"INSERT INTO shop.commits VALUES ({begun}, 'slow', {begun}, 0)")
    return begun


def late_row(shop_, unit, needles):
    """A row of the unit that such an import adds when the others are gone."""
    wait_until_removed(shop_, unit)
    low, high = (int.from_bytes(needles[name], "little") for name in ("low", "high"))
    shard = shop_.pair[low % 2]
    servers.ask(shard, "INSERT INTO shop.event (low, high, at, type, value, recorded_at, id, unit) SELECT "
                       f"{low}, {high}, max(at), 'purchase', 5000000, min(recorded_at), 'late-row', '{unit}' FROM shop.event WHERE type = 'purchase'")
    check("a late row is not exported", shop_.exported(unit) == ["", ""])
    shop_.compare("a late row")


def test_broken_off(shop_, unit):
    between, through, broken = breaking(shop_, 1, b"ALTER TABLE event DELETE")
    try:
        refused("a shard that stops during erase", run("erase", through, unit), 5,
                r"(?s)(cannot be reached|broke off).*the unit is hidden.*run it again")
        check("it was stopped", len(broken) == 1)
    finally:
        between.stop()
    refused("no report without the shard", run("report", shop_.store, "other"), 5, "cannot be reached")
    shop_.pair[1].start()
    liftmark("erase", shop_.file, unit)
    check("rows are there still", int(servers.ask(shop_.pair[1], f"SELECT count() FROM shop.exposure WHERE unit = '{unit}'")) > 0)
    check("and not seen", shop_.exported(unit) == ["", ""])
    shop_.compare("after the break")


def test_during_report(shop_, unit):
    """A unit is erased, and its rows removed, between two statements of a report."""
    erased = []

    def interfere(body):
        if b"INSERT INTO lm_value" not in body or erased:
            return
        erased.append(liftmark("erase", shop_.store, unit, "--wait", "0"))
        wait_until_removed(shop_, unit)
        liftmark("erase", shop_.file, unit)

    between = servers.Between(shop_.pair[0], interfere)
    try:
        shop_.compare("erased during a report", servers.address([between, shop_.pair[1]], "shop"))
    finally:
        between.stop()
    check("it was erased during the report", len(erased) == 1)


def erase_until(shop_, unit, words):
    """What erase says when it has come to these words."""
    end = time.monotonic() + 300
    while True:
        done = run("erase", shop_.store, unit, "--wait", "2")
        if done.returncode or words in done.stdout or time.monotonic() > end:
            return done


def test_finished(shop_, units, needles, slow):
    """Everything that was begun is finished with one more erasure, that of the last unit."""
    done = erase_until(shop_, units[0], "an import")
    check("an import that runs is waited for", "pending: an import that began before has not ended" in done.stdout, (done.stdout, done.stderr))
    servers.ask(shop_.pair[0], f"INSERT INTO shop.commits VALUES ({slow}, 'slow', {slow}, {int(time.time() * 1e6)})")
    liftmark("erase", shop_.file, units[-1])
    begun = time.monotonic()
    done = run("erase", shop_.store, units[-1])
    check(f"finished ({time.monotonic() - begun:.0f} s)", done.returncode == 0 and "; finished" in done.stdout, (done.stdout, done.stderr))
    swept = run("purge", shop_.store)
    check("and so are the others", swept.stdout == "0 events removed\n", (swept.stdout, swept.stderr))
    for unit in units:
        left = found(shop_.pair, needles[unit])
        check(f"no file holds {unit}, its key or its {len(needles[unit]) - 3} rows", not left, left[:10])
        refused("erased before", run("erase", shop_.store, unit), 4, "no such unit")
    folders = data_folders(shop_.pair)
    files = sum(len(names) for folder in folders for _, _, names in os.walk(folder))
    print(f"     {files} files were looked through")
    shop_.compare("when the rows are gone")


def digest(shop_):
    return [report(store, QUESTIONS[0], shop_.before)["provenance"]["data_digest"] for store in (shop_.file, shop_.store)]


def import_both(shop_, path):
    return [json.loads(run("import", store, path, "--json", "--max-rejected", "1", "--rejects", path + ".rejects").stdout)
            for store in (shop_.file, shop_.store)]


def test_retries(shop_, unit, rows):
    """An erased unit's events come again, with one that nobody has seen; and purged ones. A file knows those of the unit by
    their ids, which are gone here: it counts them otherwise, and takes none either."""
    was = digest(shop_)
    path = os.path.join(shop_.folder, "again.csv")
    more = list(csv.DictReader(io.StringIO(rows)))
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, more[0].keys())
        writer.writeheader()
        writer.writerows(more + [dict(more[0], id="never-seen-before", at=now())])
    file, here = import_both(shop_, path)
    check("nothing of an erased unit is taken", file["accepted"] == here["accepted"] == 0, (file, here))
    check(f"all {len(more) + 1} are rejected, in the file the new one", here["rejected"] == len(more) + 1 and file["reasons"]["erased"] == 1, (file, here))
    with open(path + ".rejects") as rejects:
        reasons = [row["reason"] for row in csv.DictReader(rejects)]
    check("as erased, or older than the period", set(reasons) <= {"erased", "past_retention"} and "erased" in reasons, reasons)
    file, here = import_both(shop_, os.path.join(shop_.folder, "events.csv"))
    check("purged events are refused when they come again", file["accepted"] == here["accepted"] == 0 and here["rejected"] >= file["rejected"] > 0, (file, here))
    check("the reports stay", digest(shop_) == was and was[0] == was[1], (digest(shop_), was))


def test_purge(shop_):
    keep = ["--keep", "impression=6"]
    file = liftmark("purge", shop_.file, *keep)
    between, through, broken = breaking(shop_, 1, b"ALTER TABLE event DELETE")
    try:
        refused("a shard that stops during purge", run("purge", through, *keep), 5, r"(?s)the events are hidden.*run it again")
        check("it was stopped", len(broken) == 1)
    finally:
        between.stop()
    shop_.pair[1].start()
    check("half of it is done", int(servers.ask(shop_.pair[1], "SELECT countIf(at < toInt64(toUnixTimestamp(now()) - 6 * 86400) * 1000000) "
                                                               "FROM shop.event WHERE type = 'impression'")) > 0)
    check("the shards that answered say how many", servers.ask(shop_.pair[0], "SELECT detail FROM shop.audit WHERE act = 'purge'") == file.replace(" removed", ""), file)
    shop_.compare("a purge that was broken off")
    done = run("purge", shop_.store)
    check("and finished", done.stdout == "0 events removed\n", (done.stdout, done.stderr))
    for server in shop_.pair:
        left = servers.ask(server, "SELECT countIf(at < toInt64(toUnixTimestamp(now()) - 6 * 86400) * 1000000), count() FROM shop.event WHERE type = 'impression'")
        check("only impressions of six days are left", left.split()[0] == "0" and left.split()[1] != "0", left)
    shop_.compare("purged")


def purge_by_catalog(shop_, days):
    """What both say of a purge with these periods in the catalog."""
    with open(shop_.catalog) as file:
        catalog = json.load(file)
    path = os.path.join(shop_.folder, "kept.json")
    with open(path, "w") as file:
        json.dump(dict(catalog, retention=days), file)
    shop_.both("apply", path)
    return shop_.both("purge")


def test_others(shop_):
    refused("a unit nobody knows", run("erase", shop_.store, "nobody"), 4, "no such unit")
    refused("--wait of a file", run("erase", shop_.file, "x", "--wait", "1"), 2, "ClickHouse")
    own = servers.address(shop_.pair, "own")
    for server in shop_.pair:
        servers.ask(server, "CREATE DATABASE theirs")
        servers.ask(server, "CREATE TABLE theirs.seen (user String, test String, variant String, ts DateTime) ENGINE = Memory")
        servers.ask(server, "CREATE TABLE theirs.happened (user String, ts DateTime) ENGINE = Memory")
        servers.ask(server, "INSERT INTO theirs.seen VALUES ('anna', 'recommendations', 'control', now())")
    tables = {"exposures": [{"database": "theirs", "table": "seen", "columns": {"unit": "user", "experiment": "test", "arm": "variant", "at": "ts"}}],
              "events": [{"database": "theirs", "table": "happened", "constants": {"type": "purchase"}, "columns": {"unit": "user", "at": "ts"}}]}
    with open(shop_.catalog) as file:
        catalog = dict(json.load(file), tables=tables)
    path = os.path.join(shop_.folder, "own.json")
    with open(path, "w") as file:
        json.dump(catalog, file)
    liftmark("init", own)
    liftmark("apply", own, path)
    refused("erase in own tables", run("erase", own, "anna"), 2, "(?s)tables of your own.*delete them in ClickHouse")
    refused("purge in own tables", run("purge", own), 2, "tables of your own")
    refused("purge --keep in own tables", run("purge", own, "--keep", "purchase=1"), 2, "tables of your own")


def test_migration(shop_):
    """A store as schema 1 made it, brought forward."""
    old = servers.address(shop_.pair, "old")
    liftmark("init", old)
    with open(shop_.catalog) as file:
        catalog = dict(json.load(file), retention={"view": 90})
    path = os.path.join(shop_.folder, "old.json")
    with open(path, "w") as file:
        json.dump(catalog, file)
    liftmark("apply", old, path)
    liftmark("import", old, os.path.join(shop_.folder, "exposures.csv"))
    for server in shop_.pair:
        for table in ("audit", "retention", "erased", "hidden", "purged"):
            servers.ask(server, f"DROP TABLE old.{table}")
        servers.ask(server, "CREATE TABLE old.kept AS old.setting ENGINE = MergeTree ORDER BY name")
        servers.ask(server, "INSERT INTO old.kept SELECT name, if(name = 'schema', '1', value) FROM old.setting WHERE name != 'secret'")
        servers.ask(server, "RENAME TABLE old.setting TO old.gone, old.kept TO old.setting")
    refused("an older store", run("report", old, "other"), 5, "(?s)has schema 1, this program writes 2.*liftmark migrate")
    check("migrate", "schema 1 became 2" in liftmark("migrate", old))
    check("once", "schema 2 is up to date" in liftmark("migrate", old))
    check("the catalog's periods are in force", servers.ask(shop_.pair[0], "SELECT type, days FROM old.retention") == "view\t90\n")
    check("a unit is erased", "pending" in liftmark("erase", old, shop_.units[0][3], "--wait", "0"))


def test(top, pair):
    os.chdir(top)
    shop_ = Shop(top, pair)
    (three, four), (one, two) = [units[:2] for units in shop_.units]
    needles = {unit: traces(shop_, unit) for unit in (one, two, three, four)}
    for unit, wanted in needles.items():
        seen = {name for name, _ in found(pair, wanted)}
        check(f"before, every trace of {unit} is found in files", seen == set(wanted), set(wanted) - seen)
    rows = run("export", shop_.store, "--unit", one).stdout
    shop_.compare("before")
    slow = begin_import(shop_)
    test_hidden_at_once(shop_, one)
    late_row(shop_, one, needles[one])
    test_broken_off(shop_, two)
    test_during_report(shop_, three)
    test_finished(shop_, [one, two, three, four], needles, slow)
    test_purge(shop_)
    said = purge_by_catalog(shop_, {"click": 3})
    check("a catalog with a period", said[0] == said[1] != "0 events removed\n", said)
    shop_.compare("purged by the catalog")
    test_retries(shop_, one, rows)
    said = purge_by_catalog(shop_, {})
    check("one without", said[0] == said[1] == "0 events removed\n", said)
    test_others(shop_)
    test_migration(shop_)
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
