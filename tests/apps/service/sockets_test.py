"""The service over real sockets: HTTP's own matters, limits, timeouts, TLS, the end. Usage: sockets_test.py <liftmark> <top>"""
import os, signal, socket, ssl, subprocess, threading, time

from service_client import *

liftmark, top = sys.argv[1:3]


def raw(port, data, until=b"", timeout=20):
    """Sends bytes, reads until the end of the connection or `until`."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(data)
        answer = b""
        while not (until and until in answer):
            more = s.recv(65536)
            if not more:
                break
            answer += more
        return answer


def request_of(body=CONTEXT, more="", method="POST", path=EVALUATE):
    return ("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n%s" % (method, path, len(body), more, body)).encode()


def test_basics(s):
    status, headers, body = s.ask("POST", EVALUATE, CONTEXT)
    expect(status == 200 and json.loads(body)["key"] == "checkout", status, body)
    expect(headers["content-type"] == "application/json" and headers["x-content-type-options"] == "nosniff", headers)
    expect("frame-ancestors 'none'" in headers["content-security-policy"], headers)
    status, headers, body = s.ask("POST", "/ofrep/v1/evaluate/flags", CONTEXT)
    expect(status == 200 and b"secret-salt" not in body, body)
    status, _, body = s.ask("POST", "/ofrep/v1/evaluate/flags", CONTEXT, {"If-None-Match": headers["etag"]})
    expect(status == 304 and body == b"", status, body)
    expect(s.ask("GET", "/healthz")[0] == 200 and s.ask("HEAD", "/healthz")[0:3:2] == (200, b""))
    expect(s.ask("GET", "/readyz")[0] == 200)
    text = s.ask("GET", "/metrics")[2].decode()
    expect('liftmark_requests_total{route="/ofrep/v1/evaluate/flags/{key*}",method="POST",status="2xx"} 1\n' in text, text)
    expect(s.command("apply", s.store, os.path.join(s.folder, "catalog.json"), check=False).returncode in (0, 5))


def test_protocol(s):
    two = raw(s.port, request_of() + request_of(more="Connection: close\r\n"))
    expect(two.count(b"HTTP/1.1 200 OK") == 2 and two.count(b'"key":"checkout"') == 2, "pipelining", two)
    with socket.create_connection(("127.0.0.1", s.port), timeout=20) as c:  # half-closed: the answer still comes
        c.sendall(request_of())
        c.shutdown(socket.SHUT_WR)
        expect(b"200 OK" in c.recv(65536), "half-closed")
    for bad in (b"rubbish\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        answer = raw(s.port, bad + (b"\r\n\r\n" if b"HTTP" not in bad else b""))
        expect(answer.startswith(b"HTTP/1.1 400"), bad, answer)
    expect(raw(s.port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431"), "header")
    big = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
    expect(raw(s.port, big).startswith(b"HTTP/1.1 413"), "body")
    chunked = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        EVALUATE.encode(), len(CONTEXT), CONTEXT.encode())
    expect(b"200 OK" in raw(s.port, chunked), "chunked")
    expect(b"100 Continue" in raw(s.port, request_of(more="Expect: 100-continue\r\nConnection: close\r\n")[:-len(CONTEXT)] , until=b"100 Continue\r\n\r\n"), "continue")
    expect(raw(s.port, b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").count(b"200 OK") == 1, "HTTP/1.0")
    expect(raw(s.port, b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", until=b"}}").startswith(b"HTTP/1.1 421"), "host")


def test_timeouts():
    with Service(liftmark, "--header-timeout", "1", "--body-timeout", "1", "--idle-timeout", "1") as s:
        for begun in (b"GET / HT", request_of()[:-5]):
            begin = time.time()
            answer = raw(s.port, begun)
            expect(answer.startswith(b"HTTP/1.1 408") and time.time() - begin < 15, begun, answer)
        expect(raw(s.port, b"") == b"", "idle")
        expect(s.end() == 0)


def test_connection_limit():
    with Service(liftmark, "--max-connections", "5") as s:
        held = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(5)]
        for c in held:
            c.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            expect(b"200 OK" in c.recv(65536))
        with socket.create_connection(("127.0.0.1", s.port), timeout=20) as c:
            try:
                c.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                expect(c.recv(100) == b"", "one too many")
            except (ConnectionResetError, BrokenPipeError):
                pass
        for c in held:
            c.close()


def test_refusals_at_start():
    with Service(liftmark) as s:
        again = s.command("serve", s.store, "--port", "0", check=False)
        expect(again.returncode == 5 and "another process" in again.stderr, again)
    with Service(liftmark) as s:
        s.end()
        beyond = s.command("serve", s.store, "--listen", "0.0.0.0", "--port", "0", check=False)
        expect(beyond.returncode == 2 and "without tokens" in beyond.stderr, beyond)
        tokens = os.path.join(s.folder, "tokens")
        s.command("token", "create", tokens, "a", "--scope", "assign")
        os.chmod(tokens, 0o644)
        loose = s.command("serve", s.store, "--port", "0", "--tokens", tokens, check=False)
        expect(loose.returncode == 2 and "chmod 600" in loose.stderr, loose)


def test_tokens():
    with Service(liftmark) as s:
        s.end()
        tokens = os.path.join(s.folder, "tokens")
        one = s.command("token", "create", tokens, "one", "--scope", "assign").stdout.strip()
        s.options = ("--tokens", tokens, "--access-log", os.path.join(s.folder, "access"))
        s.start()
        expect(s.ask("POST", EVALUATE, CONTEXT)[0] == 401)
        expect(s.ask("POST", EVALUATE, CONTEXT, {"Authorization": "Bearer " + one})[0] == 200)
        two = s.command("token", "create", tokens, "two", "--scope", "assign").stdout.strip()
        s.command("token", "remove", tokens, "one")
        s.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if s.ask("POST", EVALUATE, CONTEXT, {"X-API-Key": two})[0] == 200:
                break
            time.sleep(0.05)
        expect(s.ask("POST", EVALUATE, CONTEXT, {"Authorization": "Bearer " + one})[0] == 401, "removed")
        expect(s.end() == 0)
        log = open(os.path.join(s.folder, "access")).read()
        rows = [json.loads(line) for line in log.splitlines()]
        expect(len(rows) >= 4 and {"at", "method", "route", "status", "bytes", "micros"} <= set(rows[0]), rows)
        expect("user-1" not in log and one not in log and two not in log, log)


def test_tls():
    with Service(liftmark) as s:
        s.end()
        def certificate(name):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=" + name, "-keyout", s.folder + "/key.pem", "-out", s.folder + "/cert.pem"], check=True, capture_output=True)
            os.chmod(s.folder + "/key.pem", 0o600)
        def name():
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            with socket.create_connection(("127.0.0.1", s.port), timeout=20) as plain, context.wrap_socket(plain) as c:
                c.sendall(request_of(more="Connection: close\r\n"))
                answer = b""
                while more := c.recv(65536):
                    answer += more
                expect(b"200 OK" in answer, answer)
                return c.getpeercert(True)
        certificate("one")
        s.options = ("--tls-cert", s.folder + "/cert.pem", "--tls-key", s.folder + "/key.pem")
        s.start()
        first = name()
        certificate("two")
        s.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if name() != first:
                break
            time.sleep(0.05)
        expect(name() != first, "reload")
        expect(s.end() == 0)


def test_end():
    """SIGTERM under load: every request that was sent is answered, none is reset."""
    with Service(liftmark) as s:
        trouble, answered, stop = [], [0], threading.Event()

        def client(records):
            while not stop.is_set():
                try:
                    connection = s.connection()
                    connection.connect()
                except ConnectionRefusedError:
                    return
                except OSError as error:
                    return trouble.append("connect: %r" % error)
                try:
                    while not stop.is_set():
                        if records:
                            connection.request("POST", "/v1/events", '{"id":"%d-%d","unit":"u","type":"view"}' % (records, answered[0]))
                        else:
                            connection.request("POST", EVALUATE, CONTEXT)
                        answer = connection.getresponse()
                        answer.read()
                        expect(answer.status == 200, answer.status)
                        answered[0] += 1
                        if answer.getheader("Connection") == "close":
                            break
                except Exception as error:
                    trouble.append("%r after %d" % (error, answered[0]))
                    return
                finally:
                    connection.close()

        threads = [threading.Thread(target=client, args=(n % 4,)) for n in range(16)]
        for t in threads:
            t.start()
        time.sleep(1)
        code = s.end()
        stop.set()
        for t in threads:
            t.join(30)
        expect(code == 0 and answered[0] > 100, code, answered)
        expect(not trouble, trouble)


with Service(liftmark) as service:
    test_basics(service)
    test_protocol(service)
    expect(service.process.poll() is None, "still there")
test_timeouts()
test_connection_limit()
test_refusals_at_start()
test_tokens()
test_tls()
test_end()
