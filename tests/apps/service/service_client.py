"""Starts `liftmark serve` on a new store and talks to it; shared by the socket tests. Standard library only."""
import http.client, json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time

CATALOG = {
    "schema": "liftmark.catalog/1",
    "metrics": [{"key": "conversion", "kind": "proportion", "numerator": {"event": "purchase"}}],
    "experiments": [{
        "key": "checkout",
        "arms": [{"key": "off", "role": "control", "payload": False}, {"key": "on", "payload": True}],
        "hashing": {"scheme": "liftmark-1", "salt": "secret-salt"},
        "plan": {"primary": ["conversion"]},
    }],
}
EVALUATE = "/ofrep/v1/evaluate/flags/checkout"
CONTEXT = json.dumps({"context": {"targetingKey": "user-1"}})


class Service:
    def __init__(self, liftmark, *options, folder=None):
        self.liftmark = liftmark
        self.folder = folder or tempfile.mkdtemp(prefix="liftmark-serve-")
        self.store = os.path.join(self.folder, "shop.db")
        self.options = options
        if not os.path.exists(self.store):
            self.command("init", self.store)
            catalog = os.path.join(self.folder, "catalog.json")
            with open(catalog, "w") as file:
                json.dump(CATALOG, file)
            self.command("apply", self.store, catalog)
        self.start()

    def command(self, *arguments, check=True, limit=60, **more):
        return subprocess.run([self.liftmark, *arguments], check=check, capture_output=True, encoding="utf-8", timeout=limit, **more)

    def start(self):
        self.errors = open(os.path.join(self.folder, "errors.txt"), "a")
        self.process = subprocess.Popen([self.liftmark, "serve", self.store, "--port", "0", *self.options],
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        if not found:
            raise SystemExit("no port: %r, %s" % (line, open(self.errors.name).read()))
        self.port = int(found.group(1))

    def connection(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers={}):
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.errors.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def expect(condition, *what):
    if not condition:
        frame = sys._getframe(1)
        print("%s:%d: not as expected: %s" % (frame.f_code.co_filename, frame.f_lineno, " ".join(map(str, what))))
        sys.exit(1)
