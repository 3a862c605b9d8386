"""The service under abuse: slow, oversized, deep, packed and random input, half-closed and idle connections. It goes on
serving, its memory stays bounded, and nothing of it is left afterwards. Usage: abuse_test.py <liftmark> [--any-memory]"""
import gzip, random, resource, socket, struct, zlib

from service_client import *

liftmark = sys.argv[1]
MEMORY_MIB = None if "--any-memory" in sys.argv else 512  # a sanitizer keeps more
IDLE = 10_000
HEAD = "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n"


def open_files(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard - 500)


def connect(s):
    return socket.create_connection(("127.0.0.1", s.port), timeout=120)


def send(s, data):
    """Sends bytes and reads the answer to its end; the service may stop reading before all was sent."""
    with connect(s) as c:
        try:
            c.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while more := c.recv(1 << 16):
                answer += more
                if answer.startswith(b"HTTP/1.1 ") and is_whole(answer):
                    break
        except ConnectionResetError:
            pass
        return answer


def is_whole(answer):
    head, end, body = answer.partition(b"\r\n\r\n")
    size = re.search(rb"Content-Length: (\d+)", head)
    return bool(end) and (size is None or len(body) >= int(size.group(1)))


def status_of(answer):
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def post(s, path, body, more=""):
    answer = send(s, (HEAD % (path, len(body), more)).encode() + body)
    if answer:
        json.loads(answer.partition(b"\r\n\r\n")[2].decode())  # whatever came in, UTF-8 and JSON go out
    return status_of(answer)


def memory(s, field="VmHWM"):
    with open("/proc/%d/status" % s.process.pid) as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))


def gauge(s, name):
    return int(re.search(r"^%s (\d+)$" % name, s.ask("GET", "/metrics")[2].decode(), re.M).group(1))


def serves(s, what):
    status, _, body = s.ask("POST", EVALUATE, CONTEXT)
    expect(status == 200 and json.loads(body)["reason"] == "SPLIT", what, status, body)
    expect(s.process.poll() is None, what)
    if MEMORY_MIB:
        expect(memory(s) < MEMORY_MIB, what, "takes", memory(s), "MiB")


def zstd_of_zeros(size, window_log=23):
    """A Zstandard frame of run-length blocks (RFC 8878, 3.1.1): four bytes for each 128 KiB."""
    blocks = size >> 17
    block = lambda last: struct.pack("<I", (1 << 17) << 3 | 1 << 1 | last)[:3] + b"0"
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(window_log - 10) << 3]) + block(0) * (blocks - 1) + block(1)


def test_size_and_depth(s):
    big = 9 << 20
    expect(status_of(send(s, (HEAD % ("/v1/events", 10 ** 18, "")).encode())) == 413, "a body of an exabyte")
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    chunked = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    expect(status_of(send(s, chunked + chunk * 9)) == 413, "chunks without end")
    expect(status_of(send(s, chunked + b"1;" + b"x" * 100_000)) in (400, 431), "a chunk's extension without end")
    expect(status_of(send(s, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 5000)) == 431, "many fields")
    expect(status_of(send(s, b"GET /" + b"x" * 100_000)) == 431, "a long path")
    expect(status_of(send(s, b"G" * 100_000)) in (400, 431), "a long method")
    for depth in (33, 10_000, 1_000_000):
        deep = b"[" * depth + b"]" * depth
        expect(post(s, "/v1/events", deep) in (200, 400), depth)
        expect(post(s, "/v1/events", b'[{"id":"d","unit":"u","type":"v","p":' + deep + b"}]") in (200, 400), depth)
        expect(post(s, EVALUATE, b'{"context":{"targetingKey":"u","a":' + deep + b"}}") == 400, depth)
        expect(post(s, "/v1/exposures", b'{"a":' * depth) in (200, 400), depth)
    expect(post(s, "/v1/events", b"{}\n" * 10_001) == 413, "rows")
    expect(post(s, EVALUATE, b'{"context":{"targetingKey":"u",' + b'"a":1,' * 100_000 + b'"b":1}}') == 400, "attributes")
    serves(s, "size and depth")


def test_packed(s):
    giga = 1 << 30
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"0" * (1 << 20)) for _ in range(256)) + packer.flush()
    members = gzip.compress(b"0" * (1 << 20)) * 256
    for name, packing, body in (("gzip", "gzip", bomb), ("many gzip members", "gzip", members),
                                ("zstd", "zstd", zstd_of_zeros(giga)), ("many zstd frames", "zstd", zstd_of_zeros(1 << 20) * 1024)):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(post(s, "/v1/events", body, "Content-Encoding: %s\r\n" % packing)))
                   for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        expect(statuses == [413] * 8, name, len(body), statuses)
        serves(s, name)
    expect(post(s, "/v1/events", zstd_of_zeros(giga, 31), "Content-Encoding: zstd\r\n") == 400, "a window of 2 GiB")
    expect(post(s, "/v1/events", gzip.compress(bomb), "Content-Encoding: gzip, gzip\r\n") == 415, "packed twice")


def test_text(s):
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x00", b"\x80"):
        expect(post(s, EVALUATE, b'{"context":{"targetingKey":"%s"}}' % bad) == 400, bad)
        expect(post(s, EVALUATE, b'{"context":{"targetingKey":"u","%s":1}}' % bad) == 400, bad)
        expect(post(s, "/v1/events", b'[{"id":"%s","unit":"u","type":"v"}]' % bad) in (200, 400), bad)
        expect(post(s, "/v1/events", b'{"id":"i","unit":"%s","type":"v"}\n' % bad) in (200, 400), bad)
        expect(post(s, "/ofrep/v1/evaluate/flags/%%%02x" % bad[0], CONTEXT.encode()) in (400, 404), bad)
        for raw in (b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n", b"%s / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            answer = send(s, raw % bad)
            expect(status_of(answer) in (302, 400, 404, 405, 421), raw % bad, answer)
            answer.decode()
    for escaped in ("\\ud800", "\\udc00\\ud800", "\\u0000"):
        expect(post(s, EVALUATE, b'{"context":{"targetingKey":"x%s"}}' % escaped.encode()) in (200, 400), escaped)
        expect(post(s, "/v1/events", b'[{"id":"e","unit":"x%s","type":"v"}]' % escaped.encode()) in (200, 400), escaped)
    serves(s, "text")


def test_pipelining(s):
    request = (HEAD % (EVALUATE, len(CONTEXT), "")).encode() + CONTEXT.encode()
    with connect(s) as c:
        writer = threading.Thread(target=lambda: c.sendall(request * 5000))
        writer.start()
        stream, answers = c.makefile("rb"), 0
        for _ in range(5000):
            expect(stream.readline() == b"HTTP/1.1 200 OK\r\n", answers)
            while (line := stream.readline().strip()):
                if line.startswith(b"Content-Length"):
                    size = int(line.split()[1])
            expect(json.loads(stream.read(size))["key"] == "checkout")
            answers += 1
        writer.join()
    with connect(s) as c:  # who asks and never reads is not read from either
        c.settimeout(3)
        sent = 0
        try:
            while sent < 200 << 20:
                sent += c.send(request * 100)
        except TimeoutError:
            pass
        expect(sent < 200 << 20, "pushed back")
    serves(s, "pipelining")


def test_flat(s):
    """Half a minute of evaluations of ever new units leaves nothing behind."""
    after, first = [], 0
    for number in range(3):
        end = time.time() + 10
        with connect(s) as c:
            stream = c.makefile("rb")
            while time.time() < end:
                first += 100
                bodies = [json.dumps({"context": {"targetingKey": "flat-%d-%d" % (number, first + i), "country": "CZ"}}) for i in range(100)]
                c.sendall("".join((HEAD % (EVALUATE, len(body), "")) + body for body in bodies).encode())
                for _ in bodies:
                    while (line := stream.readline().strip()):
                        if line.startswith(b"Content-Length"):
                            size = int(line.split()[1])
                    stream.read(size)
        after.append(memory(s, "VmRSS"))
    if MEMORY_MIB:
        expect(after[2] - after[0] <= 1.0, "MiB after each 10 s:", after)
    print("%d evaluations: %.1f MiB after 10 s, %.1f after 30 s" % (first, after[0], after[2]))


def test_half_closed(s):
    request = (HEAD % (EVALUATE, len(CONTEXT), "")).encode() + CONTEXT.encode()
    for cut in list(range(0, len(request), 7)) + [len(request)]:
        with connect(s) as c:
            c.sendall(request[:cut])
            c.shutdown(socket.SHUT_WR)
            answer = b""
            while more := c.recv(1 << 16):
                answer += more
            expect((status_of(answer) == 200) == (cut == len(request)), cut, answer)
    for _ in range(300):  # gone at once, with a reset, the answer on its way
        c = connect(s)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.sendall(request)
        c.close()
    serves(s, "half-closed")


def test_random(s):
    draw = random.Random(20)
    request = bytearray((HEAD % ("/v1/events", 40, "Content-Encoding: gzip\r\n")).encode() + gzip.compress(b"[]") + b"x" * 20)
    connections = []
    for number in range(2000):
        if number % 2:
            data = draw.randbytes(draw.randint(1, 4000))
        else:
            data = bytearray(request)
            for _ in range(draw.randint(1, 12)):
                data[draw.randrange(len(data))] = draw.randrange(256)
        c = connect(s)
        try:
            c.sendall(bytes(data))
        except (BrokenPipeError, ConnectionResetError):
            pass
        connections.append(c)
        if len(connections) == 100:
            serves(s, "random bytes")
            for c in connections:
                c.close()
            connections.clear()


def test_slow():
    """Bytes that drip: each connection is ended in its time, and the others never notice."""
    with Service(liftmark, "--header-timeout", "2", "--body-timeout", "2") as s:
        request = (HEAD % ("/v1/events", 1000, "")).encode()
        drips = [(connect(s), request[:10] if n % 2 else request) for n in range(400)]
        for c, begin in drips:
            c.sendall(begin)
        for _ in range(12):
            for c, begin in drips:
                try:
                    c.send(b"X" if begin is request else request[10:11])
                except (BrokenPipeError, ConnectionResetError):
                    pass
            serves(s, "slow")
            time.sleep(0.4)
        for c, _ in drips:
            try:
                expect(status_of(c.recv(1 << 16)) == 408, "in time")
            except ConnectionResetError:
                pass
            c.close()
        serves(s, "slow")
        expect(s.end() == 0)


def test_bodies_held(s):
    """Bodies that stop one byte before their end: together they take no more than --max-held."""
    size = 6 << 20
    held, refused = [], 0
    for _ in range(80):
        c = connect(s)
        try:
            c.sendall((HEAD % ("/v1/events", size, "")).encode())
            c.sendall(b" " * (size - 1))
            held.append(c)
        except (BrokenPipeError, ConnectionResetError):
            refused += 1
            c.close()
    serves(s, "bodies that do not end")
    expect(gauge(s, "liftmark_held_bytes") <= (256 << 20) + (1 << 20))
    waiting = list(held)
    for _ in range(1000):  # an answer may still be on its way
        waiting = [c for c in waiting if not has_answer(c)]
        if len(waiting) <= (256 << 20) // size:
            break
        time.sleep(0.02)
    expect(len(waiting) <= (256 << 20) // size, len(waiting), "held,", refused, "refused at once")
    for c in held:
        c.close()
    for _ in range(500):
        if gauge(s, "liftmark_held_bytes") == 0:
            return
        time.sleep(0.02)
    expect(False, "what was held is given back")


def has_answer(c):
    c.setblocking(False)
    try:
        return status_of(c.recv(1 << 16)) == 503
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def expect_connections(s, count):
    """Comes to `count`, the asking one included. One look need not say so: the connection of an earlier look
    may still be closing in the other event loop."""
    for _ in range(1000):
        last = gauge(s, "liftmark_connections")
        if last == count:
            return
        time.sleep(0.02)
    expect(False, last, "connections instead of", count)


def test_idle(s):
    count = open_files(IDLE)
    if count < IDLE:
        print("only %d idle connections: the limit of open files is too low" % count)
    before = memory(s, "VmRSS")
    idle = [connect(s) for _ in range(count)]
    expect_connections(s, count + 1)
    serves(s, "idle connections")
    after = memory(s, "VmRSS")
    print("%d idle connections: %.1f MiB, %.1f KiB each" % (count, after - before, 1024 * (after - before) / count))
    for c in idle[::100]:
        c.sendall((HEAD % (EVALUATE, len(CONTEXT), "")).encode() + CONTEXT.encode())
        expect(status_of(c.recv(1 << 16)) == 200)
    for c in idle:
        c.close()
    serves(s, "idle connections")


with Service(liftmark) as service:
    for test in (test_flat, test_size_and_depth, test_packed, test_text, test_pipelining, test_half_closed, test_random, test_bodies_held, test_idle):
        begin = time.time()
        test(service)
        print("%s: %.0f MiB at most so far, %.1f s" % (test.__name__, memory(service), time.time() - begin), flush=True)
    expect_connections(service, 1)  # nothing of them is left
    expect(service.end() == 0)
test_slow()
