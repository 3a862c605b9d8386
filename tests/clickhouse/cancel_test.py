#!/usr/bin/env python3
"""A report that takes long says so on a terminal; Ctrl-C ends it here and its statements on every server; a budget of rows
refuses it.

Usage: cancel_test.py LIFTMARK. Ends with 77 (skipped) and a plain message where there is no server.
"""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import servers
import shop
from checks import check, exit_code
from scorecards import ENVIRONMENT, LIFTMARK, liftmark, run

BLOCKS = 60  # of one second each, read by two threads: half a minute a statement, unless it is ended

TABLES = {
    "exposures": [{"database": "slow", "table": "seen", "where": "sleepEachRow(0.1) = 0",
                   "columns": {"unit": "user", "experiment": "test", "arm": "variant", "at": "ts"}}],
    "events": [{"database": "slow", "table": "happened", "constants": {"type": "purchase"}, "columns": {"unit": "user", "at": "ts"}}]}


def make_slow(pair, folder):
    for place, server in enumerate(pair):
        servers.ask(server, "CREATE DATABASE slow")
        servers.ask(server, "CREATE TABLE slow.seen (user String, test String, variant String, ts DateTime) ENGINE = Memory")
        servers.ask(server, "CREATE TABLE slow.happened (user String, ts DateTime) ENGINE = Memory")
        for block in range(BLOCKS):  # a block of the Memory engine is an insert
            servers.ask(server, f"INSERT INTO slow.seen SELECT concat('u', toString({place} + 2 * (number + 10 * {block}))), "
                                "'recommendations', 'control', now() FROM system.numbers LIMIT 10")
    with open(os.path.join(folder, "catalog.json")) as file:
        catalog = dict(json.load(file), tables=TABLES)
    with open(os.path.join(folder, "slow.json"), "w") as file:
        json.dump(catalog, file)
    store = servers.address(pair, "liftmark")
    liftmark("init", store)
    liftmark("apply", store, os.path.join(folder, "slow.json"))
    return store


def running(pair):
    sql = "SELECT count() FROM system.processes WHERE startsWith(query_id, 'liftmark-')"
    return [int(servers.ask(server, sql)) for server in pair]


def wait_for(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def read_until(terminal, pattern):
    """What stands on a terminal up to the pattern, or to its end."""
    text = ""
    while not re.search(pattern, text):
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        text += more.decode(errors="replace")
    return text


def test_interrupt(pair, store, number, on_terminal):
    ours, theirs = pty.openpty() if on_terminal else (None, subprocess.PIPE)
    report = subprocess.Popen([LIFTMARK, "report", store, "recommendations", "--format", "json"], env=ENVIRONMENT,
                              stdout=subprocess.PIPE, stderr=theirs, text=True)
    shown = ""
    if on_terminal:
        os.close(theirs)
        shown = read_until(ours, r"statement \d+, \d+ rows read")
        check("a terminal shows how far it is", re.search(r"recommendations  statement \d+, \d+ rows read", shown), repr(shown))
    check("a statement runs on every server", wait_for(lambda: min(running(pair)) > 0, 20), running(pair))
    report.send_signal(number)
    name = signal.Signals(number).name
    if on_terminal:
        shown += read_until(ours, "Interrupted")
        said = report.communicate(timeout=30)[0]
        os.close(ours)
    else:
        said, shown = report.communicate(timeout=30)
        check("without a terminal there is no progress", "statement 1" not in shown and shown.count("\n") == 1, shown)
    check(f"{name} ends the report", report.returncode == -number and said == "" and "Interrupted" in shown, (report.returncode, said, shown))
    check(f"{name} ends the statements", wait_for(lambda: max(running(pair)) == 0, 8), running(pair))


def test_budget(pair, folder):
    store = servers.address(pair, "budget")
    liftmark("init", store)
    liftmark("apply", store, os.path.join(folder, "catalog.json"))
    for name in ("exposures.csv", "events.csv"):
        liftmark("import", store, os.path.join(folder, name))
    question = ("report", store, "recommendations", "--format", "json", "--max-rows")
    done = run(*question, "100")
    check("a budget of rows", done.returncode == 5 and done.stdout == "" and "Limit for rows" in done.stderr, (done.returncode, done.stderr))
    whole = json.loads(run("report", store, "recommendations", "--format", "json").stdout)
    enough = json.loads(run(*question, "1000000").stdout)
    whole["provenance"].pop("command"), enough["provenance"].pop("command")
    check("one that is large enough changes nothing", whole == enough)


def test(top, pair):
    os.chdir(top)
    folder = os.path.join(top, "shop")
    shop.make(LIFTMARK, folder, 60)
    store = make_slow(pair, folder)
    test_interrupt(pair, store, signal.SIGINT, True)
    test_interrupt(pair, store, signal.SIGTERM, False)
    test_budget(pair, folder)
    return exit_code()


if __name__ == "__main__":
    sys.exit(servers.run_with_pair(test))
