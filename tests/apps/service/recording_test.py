"""Recording under kill -9: retrying clients, no acknowledged event lost, none doubled. Usage: recording_test.py <liftmark> <top>"""
import signal, threading, time

from service_client import *

liftmark, top = sys.argv[1:3]
CLIENTS, BATCH = 6, 20

with Service(liftmark) as s:
    acknowledged, stop, moment = set(), threading.Event(), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lock = threading.Lock()

    def client(number):
        count = 0
        while not stop.is_set():
            ids = ["c%d-%d" % (number, count + i) for i in range(BATCH)]
            count += BATCH
            body = "\n".join(json.dumps({"id": i, "unit": "u" + i, "type": "view", "at": moment}) for i in ids)
            while not stop.is_set():  # the same batch again until it is acknowledged
                try:
                    status, _, answer = s.ask("POST", "/v1/events", body)
                    receipt = json.loads(answer)
                    if status == 200:
                        expect(receipt["accepted"] + receipt["duplicate"] == BATCH and receipt["rejected"] == 0, receipt)
                        with lock:
                            acknowledged.update(ids)
                        break
                except (OSError, http.client.HTTPException, ValueError):
                    pass
                time.sleep(0.01)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for t in threads:
        t.start()
    for _ in range(4):
        before = len(acknowledged)
        for _ in range(2000):  # some have been acknowledged in this life
            if len(acknowledged) > before + 5 * BATCH:
                break
            time.sleep(0.01)
        s.end(signal.SIGKILL)
        s.start()
    before = len(acknowledged)
    time.sleep(0.5)
    stop.set()
    for t in threads:
        t.join(60)
    expect(s.end() == 0, "the end")
    rows = s.command("export", s.store, "events", "--format", "ndjson").stdout.splitlines()
    recorded = [json.loads(row)["id"] for row in rows]
    expect(len(recorded) == len(set(recorded)), "doubled")
    missing = acknowledged - set(recorded)
    expect(len(acknowledged) > 400 and not missing, len(acknowledged), sorted(missing)[:5])
    print("%d acknowledged, %d recorded, five lives" % (len(acknowledged), len(recorded)))
