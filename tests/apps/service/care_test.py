"""Reading, care of the store, event streams, and the command line beside a running service.
Usage: care_test.py <liftmark> <top>"""
import base64, contextlib, copy, os, socket, sqlite3, stat, subprocess, time

from service_client import *

liftmark, top = sys.argv[1:3]
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def changed_catalog(**more):
    catalog = copy.deepcopy(CATALOG)
    catalog["experiments"][0].update(more)
    return json.dumps(catalog)


def events_of(s, path, headers=""):
    """A connection to an event stream, its head read; and a function that gives the next event."""
    c = socket.create_connection(("127.0.0.1", s.port), timeout=30)
    c.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (path, headers)).encode())
    stream = c.makefile("rb")
    status = int(stream.readline().split()[1])
    head = {}
    while (line := stream.readline().strip()):
        key, value = line.decode().split(": ", 1)
        head[key.lower()] = value

    def next_event():
        event = {}
        while True:
            line = stream.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if not line:
                if "data" in event:
                    return event
                event = {}
            elif not line.startswith(":"):
                key, value = line.split(": ", 1)
                event[key] = value
    return c, status, head, next_event


with Service(liftmark) as s:
    s.end()
    tokens = os.path.join(s.folder, "tokens")
    admin = {"Authorization": "Bearer " + s.command("token", "create", tokens, "ops", "--scope", "admin,read").stdout.strip()}
    shop = {"Authorization": "Bearer " + s.command("token", "create", tokens, "shop", "--scope", "assign,record").stdout.strip()}
    public = s.command("token", "create", tokens, "browser", "--scope", "growthbook").stdout.strip()
    s.options = ("--tokens", tokens)
    s.start()

    def post(path, body, headers=admin):
        status, _, answer = s.ask("POST", path, json.dumps(body), headers)
        return status, json.loads(answer)

    # Recording, then reading.
    rows = [{"id": "x%d" % i, "experiment": "checkout", "unit": "u%d" % i, "arm": "on" if i % 2 else "off", "at": NOW} for i in range(200)]
    expect(post("/v1/exposures", rows, shop)[1]["accepted"] == 200)
    expect(post("/v1/events", [{"id": "e%d" % i, "unit": "u%d" % i, "type": "purchase", "at": NOW} for i in range(0, 200, 3)], shop)[0] == 200)
    time.sleep(2.5)  # the door's counters are written when it is quiet, and move the last commit
    status, _, body = s.ask("GET", "/v1/experiments", headers=admin)
    expect(status == 200 and json.loads(body)["experiments"][0]["key"] == "checkout" and b"secret-salt" not in body, body)
    status, headers, card = s.ask("GET", "/v1/experiments/checkout/scorecard", headers=admin)
    expect(status == 200 and json.loads(card)["schema"] == "liftmark.scorecard/1", status, card[:300])
    command_card = json.loads(s.command("report", s.store, "checkout", "--format", "json").stdout)
    served = json.loads(card)
    served["provenance"]["command"] = command_card["provenance"]["command"]
    expect(served == command_card, "the service's scorecard is the command's")
    as_of = re.search(r"--as-of (\S+)", json.loads(card)["provenance"]["command"]).group(1)
    expect(s.ask("GET", "/v1/experiments/nothing/scorecard", headers=admin)[0] == 404)
    expect(s.ask("GET", "/v1/experiments/checkout/scorecard?as_of=yesterday", headers=admin)[0] == 400)
    status, headers, page = s.ask("GET", "/reports/checkout", headers=admin)
    expect(status == 200 and headers["content-type"].startswith("text/html") and b"<html" in page, status)
    expect("frame-ancestors 'none'" in headers["content-security-policy"] and "script-src" not in headers["content-security-policy"], headers)
    status, _, index = s.ask("GET", "/reports/", headers=admin)
    expect(status == 200 and b'href="./checkout"' in index, index[-2000:])
    status, _, earlier = s.ask("GET", "/reports/?as_of=" + as_of + "&language=de", headers=admin)
    expect(status == 200 and ('href="./checkout?as_of=%s&amp;language=de"' % as_of.replace(":", "%3A")).encode() in earlier, earlier[-2000:])
    status, _, before = s.ask("GET", "/reports/checkout?as_of=2020-01-01", headers=admin)
    expect(status == 422 and b"no catalog at this moment" in before, "before the first", status, before[:300])
    basic = {"Authorization": "Basic " + base64.b64encode(b"anna:" + admin["Authorization"][7:].encode()).decode()}
    expect(s.ask("GET", "/reports/", headers=basic)[0] == 200, "a browser's way")
    expect(s.ask("POST", "/v1/compact", headers=basic)[0] == 401, "which changes nothing")
    expect("Basic" in s.ask("GET", "/reports/")[1]["www-authenticate"])
    expect(s.ask("GET", "/reports/checkout", headers=shop)[0] == 403)

    # Admin's matters need admin's token.
    for method, path in (("PUT", "/v1/catalog"), ("POST", "/v1/erase"), ("GET", "/v1/catalog"), ("GET", "/v1/audit")):
        expect(s.ask(method, path, "{}", shop)[0] == 403 and s.ask(method, path, "{}")[0] == 401, path)
    expect(post("/v1/consent", {"unit": "u1", "granted": False}) == (200, {"recorded": True}))
    expect(json.loads(s.ask("POST", EVALUATE, json.dumps({"context": {"targetingKey": "u1"}}), shop)[2])["metadata"]["why"] == "no_consent")
    expect(post("/v1/consent", {"unit": "u1"})[0] == 400)
    expect(post("/v1/links", {"anonymous": "cookie", "unit": "u2"})[0] == 200)
    expect(post("/v1/links", {"anonymous": "u2", "unit": "u2"})[0] == 400)
    expect(post("/v1/erase", {"unit": "u3"}) == (200, {"units": 1, "rows": 2, "status": "finished"}))
    expect(post("/v1/erase", {"unit": "u3"})[1]["units"] == 0)
    expect(post("/v1/events", [{"id": "again", "unit": "u3", "type": "view", "at": NOW}], shop)[1]["reasons"] == {"erased": 1})
    expect(post("/v1/purge", {"keep": {"view": 30}}) == (200, {"removed": 0}))
    expect(post("/v1/compact", {})[1]["pending_erasures"] == 0)
    audit = s.ask("GET", "/v1/audit", headers=admin)[2].decode()
    expect("POST /v1/erase by ops" in audit and '"act":"erase"' in audit and "u3" not in audit, audit)

    # Event streams and a new catalog, without dropping a request.
    bulk = json.loads(s.ask("POST", "/ofrep/v1/evaluate/flags", CONTEXT, shop)[2])
    uri = bulk["eventStreams"][0]["endpoint"]["requestUri"]
    expect(events_of(s, "/ofrep/v1/events?token=1.00")[1] == 401)
    expect(events_of(s, uri.replace("=", "=9", 1))[1] == 401, "another end of its life")
    _, status, head, next_event = events_of(s, uri)
    expect(status == 200 and head["content-type"] == "text/event-stream", head)
    _, status, _, next_feature = events_of(s, "/sub/" + public)
    expect(status == 200 and json.loads(next_feature()["data"])["leftOut"] == [{"key": "checkout", "reason": "another scheme"}])
    stop, failures = threading.Event(), []

    def ask_on():
        while not stop.is_set():
            if (status := s.ask("POST", EVALUATE, CONTEXT, shop)[0]) != 200:
                failures.append(status)

    asking = [threading.Thread(target=ask_on) for _ in range(4)]
    for t in asking:
        t.start()
    status, _, answer = s.ask("PUT", "/v1/catalog?dry_run=1", changed_catalog(status="stopped"), admin)
    expect(status == 200 and json.loads(answer)["changes"][0]["field"] == "/status", answer)
    expect(json.loads(s.ask("GET", "/readyz")[2])["catalog_version"] == 1, "a dry run stores nothing")
    reshuffle = changed_catalog(hashing={"scheme": "liftmark-1", "salt": "other"})
    status, _, answer = s.ask("PUT", "/v1/catalog", reshuffle, admin)
    expect(status == 422 and b"reshuffle" in answer, answer)
    status, _, answer = s.ask("PUT", "/v1/catalog", "{}", admin)
    expect(status == 422 and json.loads(answer)["error"]["problems"], answer)
    status, _, answer = s.ask("PUT", "/v1/catalog", changed_catalog(status="stopped"), admin)
    expect(status == 200 and json.loads(answer)["version"] == 2, answer)
    event = next_event()
    expect(event["event"] == "message" and json.loads(event["data"])["type"] == "refetchEvaluation" and event["id"] == "2", event)
    expect(next_feature()["event"] == "features")
    expect(json.loads(s.ask("POST", EVALUATE, CONTEXT, shop)[2])["reason"] == "DISABLED")
    _, status, _, next_missed = events_of(s, uri, "Last-Event-ID: 1\r\n")
    expect(json.loads(next_missed()["data"])["type"] == "refetchEvaluation", "what was missed")
    stop.set()
    for t in asking:
        t.join()
    expect(not failures, failures)

    # The command line beside the service: the same commands, the same output, and nobody stops it.
    expect(stat.S_IMODE(os.stat(s.store + ".sock").st_mode) == 0o600)
    expect(s.command("consent", s.store, "u5", "denied").stdout == "u5: measurement denied\n")
    expect(json.loads(s.ask("POST", EVALUATE, json.dumps({"context": {"targetingKey": "u5"}}), shop)[2])["metadata"]["why"] in ("no_consent", "not_running"))
    with open(os.path.join(s.folder, "catalog2.json"), "w") as file:
        file.write(changed_catalog(status="running"))
    applied = s.command("apply", "shop.db", "catalog2.json", cwd=s.folder)
    expect("version 3 is in force" in applied.stdout, applied)
    expect(next_event()["id"] == "3", "a catalog applied at the command line")
    with open(os.path.join(s.folder, "old.ndjson"), "w") as file:
        file.write('{"id":"o1","unit":"u7","type":"purchase","at":"2001-01-01"}\n{"id":"o2","unit":"u7"}\n')
    imported = s.command("import", "shop.db", "old.ndjson", "--json", "--max-rejected", "1", cwd=s.folder)
    expect(json.loads(imported.stdout)["accepted"] == 1 and os.path.exists(os.path.join(s.folder, "old.ndjson.rejects.csv")), imported)
    piped = s.command("import", s.store, "-", "--json", "--quiet", input='{"id":"p1","unit":"u7","type":"view","at":"2002-01-01"}\n', cwd=s.folder)
    expect(json.loads(piped.stdout)["reasons"] == {"past_retention": 1}, piped)
    expect("removed" in s.command("erase", s.store, "u9").stdout)
    unknown = s.command("erase", s.store, "u9", check=False)
    expect(unknown.returncode == 4 and "no such unit" in unknown.stderr, unknown)
    expect(s.command("purge", s.store).stdout == "0 events removed\n")
    expect("sorted" in s.command("compact", s.store).stdout)
    expect(s.command("link", s.store, "cookie-2", "u7").returncode == 0)
    # A long import gives way to other commands, and to the end; run again, it goes on.
    def feed(process, stop, written):
        while not stop.is_set() and written[0] < 5_000_000:
            process.stdin.write("".join('{"id":"f%d","unit":"u8","type":"view","at":"%s"}\n' % (written[0] + n, NOW) for n in range(500)))
            written[0] += 500
        process.stdin.close()

    def begin_import():
        process = subprocess.Popen([liftmark, "import", s.store, "-", "--json", "--quiet", "--source", "pipe"], cwd=s.folder, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return process, threading.Event(), [0]

    def expect_broken_pipe(work):
        try:
            work()
        except BrokenPipeError:
            pass

    process, stop, written = begin_import()
    feeder = threading.Thread(target=feed, args=(process, stop, written))
    feeder.start()
    while written[0] < 2000:
        time.sleep(0.01)
    expect(s.command("consent", s.store, "u11", "denied", cwd="/").stdout == "u11: measurement denied\n", "beside an import")
    expect(process.poll() is None, "which goes on")
    stop.set()
    feeder.join()
    receipt = json.loads(process.stdout.read())
    expect(receipt["accepted"] == written[0] and process.wait(60) == 0, receipt, written)
    process.stdout.close(), process.stderr.close()
    # Two whose pipes bring nothing hold up nobody, the one inside the other.
    waiting = [begin_import()[0] for _ in range(2)]
    time.sleep(0.5)
    expect(s.command("consent", s.store, "u11", "granted", cwd="/").stdout == "u11: measurement granted\n", "beside imports that wait")
    for number, process in enumerate(waiting):
        process.stdin.write('{"id":"w%d","unit":"u8","type":"view","at":"%s"}\n' % (number, NOW))
        process.stdin.flush()
    for process in waiting:
        process.stdin.close()
    for process in waiting:
        expect(process.wait(60) == 0 and json.loads(process.stdout.read())["accepted"] == 1, process.stderr.read())
        process.stdout.close(), process.stderr.close()
    copy_of = os.path.join(s.folder, "copy.db")
    expect(s.command("backup", s.store, copy_of).returncode == 0 and os.path.exists(copy_of))
    process, stop, written = begin_import()
    feeder = threading.Thread(target=lambda: expect_broken_pipe(lambda: feed(process, stop, written)))
    feeder.start()
    while written[0] < 2000:
        time.sleep(0.01)
    silent = begin_import()[0]
    expect(s.end() == 0, "beside imports that do not end")
    expect(silent.wait(60) == 5, silent.returncode)
    silent.stdin.close(), silent.stdout.close(), silent.stderr.close()
    expect(process.wait(60) == 5 and "the service is ending" in process.stderr.read(), process.returncode)
    stop.set()
    feeder.join(60)
    process.stdout.close(), process.stderr.close()
    expect(not os.path.exists(s.store + ".sock"))
    expect(s.command("consent", s.store, "u6", "denied").stdout == "u6: measurement denied\n", "without the service")


def stamp(seconds_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))


def comes_true(what):
    for _ in range(500):
        if what():
            return True
        time.sleep(0.02)
    return False


def audited(store, act, detail):
    with contextlib.closing(sqlite3.connect(store)) as database:
        return database.execute("SELECT count(*) FROM audit WHERE act = ? AND detail LIKE ?", (act, detail)).fetchone()[0]


# Nobody asks for it: what has outlived its retention goes, closed days are sorted, an erasure that a reader held up ends.
with Service(liftmark, "--care-every", "1") as s:
    day = 86400
    s.command("purge", s.store, "--keep", "view=1")
    rows = [{"id": "o%d" % i, "unit": "u%d" % (i % 7), "type": "purchase", "at": stamp(3 * day)} for i in range(50)]
    rows += [{"id": "v%d" % i, "unit": "u1", "type": "view", "at": stamp(day - 4)} for i in range(5)]
    expect(json.loads(s.ask("POST", "/v1/events", json.dumps(rows))[2])["accepted"] == 55)
    with contextlib.closing(sqlite3.connect(s.store)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM block").fetchall()
        expect("pending" in s.command("erase", s.store, "u2").stdout, "a reader holds the old bytes")
        time.sleep(1.5)
        unfinished = "SELECT count(*) FROM erasure WHERE finished_at IS NULL"
        expect(reader.execute(unfinished).fetchone()[0] == 0, "as of its own beginning")
        with contextlib.closing(sqlite3.connect(s.store)) as other:
            expect(other.execute(unfinished).fetchone()[0] == 1, "still pending")
    with contextlib.closing(sqlite3.connect(s.store)) as reader:
        expect(comes_true(lambda: reader.execute(unfinished).fetchone()[0] == 0), "ended by itself")
        expect(comes_true(lambda: audited(s.store, "purge", "5 events")), "purged by itself")
        events = "SELECT count(*), min(part) FROM block WHERE rows > 0 AND last_at < ?"
        old = int((time.time() - 2 * day) * 1e6)
        expect(comes_true(lambda: reader.execute(events, (old,)).fetchone()[1] > 0), "sorted by itself")
    expect("0 events and 0 exposures" in s.command("compact", s.store).stdout, "nothing is left to sort")
    expect(s.end() == 0)
