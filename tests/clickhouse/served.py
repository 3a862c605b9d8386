"""`liftmark serve` for tests: started on a free port, and clients that record through it."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time

from scorecards import ENVIRONMENT, LIFTMARK, now

EVALUATE = "/ofrep/v1/evaluate/flags/"


class Service:
    """`liftmark serve` on a free port, until end()."""

    def __init__(self, store, folder, *options):
        self.errors_path = os.path.join(folder, f"errors-{time.monotonic_ns()}.txt")
        with open(self.errors_path, "w") as errors:
            self.process = subprocess.Popen([LIFTMARK, "serve", store, "--port", "0", *options], env=ENVIRONMENT,
                                            stdout=subprocess.PIPE, stderr=errors, text=True)
        found = re.search(r":(\d+)$", self.process.stdout.readline().strip())
        if not found:
            raise RuntimeError("no port: " + self.errors())
        self.port = int(found.group(1))

    def errors(self):
        with open(self.errors_path) as file:
            return file.read()

    def ask(self, method, path, body=None, token=None, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Authorization": "Bearer " + token} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def json(self, method, path, body=None, token=None):
        status, said = self.ask(method, path, body, token)
        return status, json.loads(said)

    def arm(self, experiment, unit, **attributes):
        context = json.dumps({"context": dict(attributes, targetingKey=unit)})
        status, said = self.json("POST", EVALUATE + experiment, context)
        return said.get("variant") if status == 200 else status

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


def wait_for(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


class Clients:
    """Threads that send batch after batch, each again until it is acknowledged."""

    def __init__(self, service, name, threads=4):
        self.service, self.name, self.stopping = service, name, threading.Event()
        self.acknowledged, self.bodies, self.statuses, self.lock = set(), [], {}, threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        batch = 0
        while not self.stopping.is_set():
            ids = [f"{self.name}-{number}-{batch}-{i}" for i in range(20)]
            body = json.dumps([{"id": i, "unit": "u" + i, "type": "view", "at": now()} for i in ids])
            while not self.send(ids, body) and not self.stopping.is_set():
                time.sleep(0.05)
            batch += 1

    def send(self, ids, body):
        try:
            status, said = self.service.ask("POST", "/v1/events", body)
        except (OSError, http.client.HTTPException):
            status, said = 0, ""
        with self.lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                receipt = json.loads(said)
                if receipt["accepted"] + receipt["duplicate"] != len(ids):
                    self.statuses[said] = 1
                self.acknowledged.update(ids)
                self.bodies.append(body)
        return status == 200

    def count(self, status):
        with self.lock:
            return self.statuses.get(status, 0)

    def more(self, status, by=5):
        before = self.count(status)
        return wait_for(lambda: self.count(status) >= before + by, 40)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return self.acknowledged
