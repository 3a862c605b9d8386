"""The C++ library, the C library, the command line and HTTP give every unit the same arm, in every bucketing scheme.
Usage: arms_test.py <liftmark> <service_arms> <units>"""
import csv, io, itertools, random, socket

from service_client import *

liftmark, libraries, units = sys.argv[1], sys.argv[2], int(sys.argv[3])
PIPELINED = 64


def experiment(key, hashing, **more):
    arms = [{"key": "control", "role": "control", "weight": 40}, {"key": "b", "weight": 35}, {"key": "c", "weight": 25}]
    return {"key": key, "arms": more.pop("arms", arms), "hashing": hashing, "plan": {"primary": ["conversion"]}, **more}


def catalog():
    """An experiment of each scheme and kind, with what decides beside the hash: traffic, layers, holdouts, audiences."""
    gate = [{"key": "control", "role": "control"}, {"key": "on"}]
    shards = [{"variationKey": key, "shards": [{"salt": "s", "ranges": [{"start": 3000 * i, "end": 3000 * i + 2500}]}]}
              for i, key in enumerate(("control", "b", "c"))]
    experiments = [
        experiment("native", {"scheme": "liftmark-1", "salt": "native-1"}, traffic=0.9),
        experiment("layered", {"scheme": "liftmark-1", "salt": "native-2"}, layer="page", slots=[[0, 0.6]]),
        experiment("neighbour", {"scheme": "liftmark-1", "salt": "native-3"}, layer="page", slots=[[0.6, 1]],
                   audience={"any": [{"attribute": "country", "in": ["CZ", "ŘŽ"]}, {"attribute": "age", "greater": 40}]},
                   overrides={"user-7": "c"}),
        experiment("after", {"scheme": "liftmark-1", "salt": "native-4"}, prerequisites=[{"experiment": "native", "arms": ["b", "c"]}]),
        experiment("growthbook-1", {"scheme": "growthbook-v1", "seed": "gb"}, traffic=0.8),
        experiment("growthbook-2", {"scheme": "growthbook-v2", "namespace": ["pricing", 0.1, 0.9]}),
        experiment("growthbook-company", {"scheme": "growthbook-v2", "hashAttribute": "company", "sdk": "python"}),
        experiment("optimizely", {"scheme": "optimizely", "experimentId": "19228"}, traffic=0.7),
        experiment("launchdarkly", {"scheme": "launchdarkly", "salt": "ld", "bucketBy": "company"}),
        experiment("statsig", {"scheme": "statsig", "groupSalt": "g", "allocationSalt": "a", "allocatedSegments": [100, 900]}),
        experiment("statsig-gate", {"scheme": "statsig", "kind": "gate", "configSalt": "x", "ruleSalt": "y", "passPercentage": 30}, arms=gate),
        experiment("eppo", {"scheme": "eppo", "splits": shards}),
        experiment("posthog", {"scheme": "posthog", "rollout_percentage": 80}),
        experiment("unleash-edge", {"scheme": "unleash-utf8", "rollout": 75}),
        experiment("unleash", {"scheme": "unleash-node", "stickiness": "default", "rollout": 75}),
        experiment("flagsmith", {"scheme": "flagsmith"}),
        experiment("flagd-older", {"scheme": "flagd-v1"}),
        experiment("flagd", {"scheme": "flagd-v2", "sdk": "js"}),
        experiment("planout", {"scheme": "planout", "salt": "p", "namespace": {"name": "ns", "num_segments": 10, "segments": [0, 1, 2, 5, 7]}}),
        experiment("stopped", {"scheme": "planout", "salt": "q"}, status="stopped"),
    ]
    return {"schema": "liftmark.catalog/1", "metrics": CATALOG["metrics"], "experiments": experiments,
            "layers": [{"key": "page", "salt": "page-1"}], "holdouts": [{"key": "held", "share": 0.05, "salt": "held-1"}]}


def some_units():
    """Ids as shops have them, and ids that trip encoders: quotes, controls, emoji, 256 bytes."""
    draw = random.Random(8)
    odd = ["a,b", 'say "x"', "tab\there", "line\nend", "nul\0inside", "ž", "👩‍🚀", "\u2028", "e\u0301", "x" * 256, " ", "0", "-0.0"]
    for number in range(units):
        if number < len(odd):
            unit = odd[number]
        else:
            unit = draw.choice(["user-%d" % number, str(number), "%032x" % draw.getrandbits(128), "žluťoučký-%d" % number,
                                "🛒%d" % number, "u%d@example.org" % number])
        row = {"unit": unit}
        if draw.random() < 0.8:
            row["country"] = draw.choice(["CZ", "DE", "ŘŽ", ""])
        if draw.random() < 0.6:
            row["age"] = draw.choice([draw.randint(10, 90), 40.5, 1e21, -0.0])
        if draw.random() < 0.7:
            row["company"] = draw.choice(["acme", "Ünïcode 🏭", "", draw.randint(0, 1000), 0.1, True])
        if draw.random() < 0.1:
            row["sessionId"] = "%x" % draw.getrandbits(40)
        yield row


def over_http(s, rows):
    """Bulk evaluations over one kept-alive connection, many on their way at a time: an answer a row."""
    with socket.create_connection(("127.0.0.1", s.port), timeout=120) as connection:
        stream = connection.makefile("rb", 1 << 16)
        rows = iter(rows)
        while group := list(itertools.islice(rows, PIPELINED)):
            requests = b""
            for row in group:
                context = {("targetingKey" if key == "unit" else key): value for key, value in row.items()}
                body = json.dumps({"context": context}).encode()
                requests += b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            connection.sendall(requests)
            for row in group:
                expect(stream.readline() == b"HTTP/1.1 200 OK\r\n", row)
                while (line := stream.readline().strip()):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.split(b":")[1])
                yield json.loads(stream.read(size))


with Service(liftmark) as s:
    catalog_path, units_path = os.path.join(s.folder, "arms.json"), os.path.join(s.folder, "units.ndjson")
    with open(catalog_path, "w") as file:
        json.dump(catalog(), file)
    with open(units_path, "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in some_units())
    s.command("apply", s.store, catalog_path)
    keys = [one["key"] for one in catalog()["experiments"]]

    found = subprocess.run([libraries, catalog_path, units_path], capture_output=True, encoding="utf-8", timeout=1000)
    expect(found.returncode == 0, found.stderr)
    by_libraries = [line.split("\t") for line in found.stdout.splitlines()]
    expect(len(by_libraries) == units * len(keys), len(by_libraries))

    printed = s.command("assign", s.store, "--input", units_path, "--format", "csv", limit=1000).stdout
    by_command = csv.reader(io.StringIO(printed, newline=""))
    expect(next(by_command) == ["unit", "experiment", "arm", "reason", "epoch", "bucket"])
    answers = over_http(s, some_units())
    seen = {}
    place = 0
    for row in some_units():
        flags = next(answers)["flags"]
        expect([flag["key"] for flag in flags] == keys, row)
        for key, flag in zip(keys, flags):
            library = by_libraries[place]
            place += 1
            expect(next(by_command) == [row["unit"], key, *library], "the command", row, key, library)
            expect([flag["variant"], flag["metadata"]["why"], str(flag["metadata"]["epoch"])] == library[:3], "HTTP", row, flag, library)
            seen.setdefault(key, set()).add(tuple(library[:2]))
    expect(next(by_command, None) is None and place == len(by_libraries))
    for key in keys[:-1]:  # each scheme gave each of its arms
        arms = {arm for arm, why in seen[key] if why == "assigned"}
        expect(len(arms) == (1 if key == "statsig-gate" else 3), key, seen[key])
    print("%d units, %d experiments: %d equal answers" % (units, len(keys), len(by_libraries)))
