"""ClickHouse servers for tests: started on free ports of this machine, ended with the test."""

import http.server
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

CONFIG = """<yandex>
 <logger><level>warning</level><log>{home}/s.log</log><errorlog>{home}/e.log</errorlog></logger>
 <listen_host>127.0.0.1</listen_host><http_port>{http}</http_port><tcp_port>{tcp}</tcp_port>
 <max_connections>64</max_connections><max_concurrent_queries>16</max_concurrent_queries>
 <uncompressed_cache_size>0</uncompressed_cache_size><mark_cache_size>67108864</mark_cache_size>
 <path>{home}/data/</path><tmp_path>{home}/tmp/</tmp_path><format_schema_path>{home}/schemas/</format_schema_path>
 <users_config>{home}/users.xml</users_config><default_profile>default</default_profile>
 <default_database>default</default_database><timezone>UTC</timezone>
</yandex>
"""
USERS = """<yandex><profiles><default><max_threads>2</max_threads></default></profiles>
<users><default><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users><quotas><default></default></quotas></yandex>
"""
PASSWORD = "it's a <test>".replace("<", "&lt;").replace(">", "&gt;")
PLAIN_PASSWORD = "it's a <test>"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1) as answer:
            return answer.read() == b"Ok.\n"
    except OSError:
        return False


def ask(server, sql):
    """The answer of a running server to a statement, as text."""
    headers = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": PLAIN_PASSWORD}
    asked = urllib.request.Request(f"http://127.0.0.1:{server.http}/", data=sql.encode(), headers=headers)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()[:2000]) from error


class Server:
    """One clickhouse-server process; start() again after stop() finds its data."""

    def __init__(self, home):
        self.home, self.http, self.tcp, self.process = home, free_port(), free_port(), None
        for folder in ("data", "tmp", "schemas"):
            os.makedirs(os.path.join(home, folder))
        with open(os.path.join(home, "config.xml"), "w") as file:
            file.write(CONFIG.format(home=home, http=self.http, tcp=self.tcp))
        with open(os.path.join(home, "users.xml"), "w") as file:
            file.write(USERS.format(password=PASSWORD))

    def start(self):
        config = os.path.join(self.home, "config.xml")
        self.process = subprocess.Popen(["clickhouse-server", f"--config-file={config}"], cwd=self.home,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if answers(self.http):
                return self
            time.sleep(0.1)
        raise RuntimeError("clickhouse-server did not start; see " + os.path.join(self.home, "e.log"))

    def stop(self, hard=False):
        if self.process:
            self.process.kill() if hard else self.process.terminate()
            self.process.wait()
            self.process = None


class Modern:
    """ClickHouse 26 in process behind http_front.js; its package lies in the folder LIFTMARK_CHDB."""

    def __init__(self, home):
        self.home, self.http, self.process = home, free_port(), None

    def start(self):
        front = os.path.join(os.path.dirname(os.path.abspath(__file__)), "http_front.js")
        environment = dict(os.environ, NODE_PATH=os.path.join(os.environ["LIFTMARK_CHDB"], "node_modules"))
        self.process = subprocess.Popen(["node", front, str(self.http), self.home], env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if answers(self.http):
                return self
            time.sleep(0.1)
        raise RuntimeError("the in-process ClickHouse did not start")

    def stop(self, hard=False):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


class Between:
    """Passes requests on to a server, and calls `before(statement)` with each one first."""

    def __init__(self, server, before):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                before(body)
                headers = {name: value for name, value in self.headers.items() if name.startswith("X-ClickHouse-")}
                asked = urllib.request.Request(f"http://127.0.0.1:{server.http}{self.path}", data=body, headers=headers)
                try:
                    with urllib.request.urlopen(asked) as answer:
                        status, said = answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    status, said = error.code, error.read()
                except OSError:  # the server is gone: whoever asks gets no answer
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http = self.front.server_port
        threading.Thread(target=self.front.serve_forever, daemon=True).start()

    def stop(self):
        self.front.shutdown()
        self.front.server_close()


def run_with_pair(work):
    """Calls work(folder, servers) with two running servers in a folder that goes away afterwards; gives its exit code, or
    the one that CTest takes for skipped where there is no server."""
    why = missing()
    if why:
        print("skipped:", why)
        return 77
    with tempfile.TemporaryDirectory(prefix="liftmark-clickhouse-") as top:
        pair = [Server(os.path.join(top, name)) for name in ("one", "two")]
        try:
            for server in pair:
                server.start()
            return work(top, pair)
        finally:
            for server in pair:
                server.stop()


def missing():
    """Why there is no server to test with; nothing when there is one."""
    if shutil.which("clickhouse-server"):
        return None
    return "no clickhouse-server here: apt-get install --no-install-recommends clickhouse-server, or scripts/test --clickhouse"


def address(servers, database):
    hosts = ",".join(f"127.0.0.1:{server.http}" for server in servers)
    return f"clickhouse://default@{hosts}/{database}"
