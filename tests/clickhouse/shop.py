"""A simulated shop made harder: late and repeated events, conflicts, properties, epochs; and a catalog of every kind."""

import csv
import datetime
import json
import os
import random
import subprocess

DAYS = 18
BOTS = 8
LAST = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)  # nothing happens later
START = (LAST - datetime.timedelta(days=DAYS - 2)).date()  # so that some windows are not over


def metric(key, kind, **fields):
    return dict({"key": key, "kind": kind, "window_days": 7}, **fields)


def catalog(simulated):
    bought, seen = {"event": "purchase", "aggregate": "sum"}, {"event": "impression"}
    metrics = [
        metric("conversion", "proportion", numerator={"event": "purchase"}),
        metric("revenue", "mean", numerator=bought, cap={"percentile": 0.95}, surface="surface"),
        metric("net", "mean", numerator={"event": ["purchase", "refund"], "aggregate": "sum"}, scale="fieller", settle_days=2),
        metric("capped", "mean", numerator=bought, cap={"absolute": 40}, covariate={"lookback_days": 0}),
        metric("largest", "mean", numerator={"event": "purchase", "aggregate": "max"}, maturity="any"),
        metric("priced", "mean", numerator={"event": "click", "aggregate": "sum", "value": "price"}),
        metric("orders", "count", numerator={"event": "purchase"}),
        metric("active_days", "count", numerator={"event": ["impression", "click"], "aggregate": "distinct_days"}),
        metric("cart_clicks", "count", surface="surface", numerator={
            "event": "click", "where": {"all": [{"property": "surface", "in": ["cart", "home"]},
                                                {"not": {"property": "price", "less": 3}}]}}),
        metric("aov", "ratio", numerator=bought, denominator={"event": "purchase"}),
        metric("ctr", "ratio", numerator={"event": "click"}, denominator=seen, cap={"percentile": 0.9}),
        metric("day_3", "retention", numerator=seen, retention={"kind": "on_day", "day": 3}),
        metric("week", "retention", numerator=seen, retention={"kind": "on_or_after", "day": 1, "until_day": 8}),
        metric("soon", "retention", numerator=seen, retention={"kind": "within", "day": 2}),
        metric("repeat", "repeat_purchase", numerator={"event": "purchase"}, minimum_orders=2),
        metric("refund_undone", "repeat_purchase", numerator={"event": ["purchase", "add_to_cart"]}, minimum_orders=3),
        metric("second_order", "time_to_event", numerator={"event": "purchase"}, minimum_orders=1),
        metric("median_order", "quantile", numerator={"event": "purchase"}, quantile=0.5),
        metric("items", "breadth", numerator=seen, item="item"),
        metric("checkout", "funnel", steps=[dict(seen, name="Seen"), {"name": "Cart", "event": "add_to_cart"},
                                            {"name": "Order", "event": "purchase"}]),
        metric("objective", "blend", terms=[{"metric": "conversion", "weight": 2.5}, {"metric": "net", "weight": -0.333333},
                                            {"metric": "repeat", "weight": 1}]),
    ]
    for one in metrics:
        if one["kind"] == "retention":
            del one["window_days"]
    experiment = simulated["experiments"][0]
    second = json.loads(json.dumps(experiment))
    second["key"], second["hashing"]["salt"] = "other", "other-1"
    # Read on its frozen date: only what happened until then, and windows that were over.
    second["plan"].update(primary=["conversion"], secondary=["net", "second_order", "orders"], guardrails=[],
                          segments=["country"], method="fixed", horizon_days=14)
    experiment["plan"].update(
        primary=["conversion", "net"], guardrails=[{"metric": "week", "margin": 0.05}],
        secondary=[m["key"] for m in metrics if m["key"] not in ("conversion", "net", "week")],
        segments=["country", "device", "cold_start", "lifecycle"], interactions=["other"], margin_rate=0.3)
    experiment["epoch"] = 2
    simulated["metrics"], simulated["experiments"] = metrics, [experiment, second]
    simulated["day_offset_minutes"] = 120
    return simulated


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def write(path, fields, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)


def fast_buyers(rows, draw):
    """Rows that make suspected bots of some buyers: 1,000 more of a purchase within 50 seconds."""
    bought = [row for row in rows if row["type"] == "purchase"]
    return [dict(row, id=f"{row['id']}-{i}", at=(moment(row["at"]) + datetime.timedelta(milliseconds=50 * i)).isoformat())
            for row in draw.sample(bought, BOTS) for i in range(1, 1001)]


def harder_events(folder, draw):
    with open(os.path.join(folder, "events.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    rows = [row for row in rows if moment(row["at"]) <= LAST]
    rows += fast_buyers(rows, draw)
    again = []
    for row in rows:
        late = datetime.timedelta(days=draw.choice([0, 0, 0, 0, 0, 0, 0, 0, 0, 3]), seconds=5)
        early = draw.random() < 0.01
        recorded = moment(row["at"]) + (-datetime.timedelta(hours=1) if early else late)
        row["recorded_at"] = min(recorded, LAST).isoformat()
        row["price"] = draw.choice(["1.5", "2", "7.1234565", "-3", "12", "", "n/a", "o'ne\\"])
        if draw.random() < 0.01:
            again.append(dict(row))
        if draw.random() < 0.003:
            again.append(dict(row, price="99"))
    rows += again
    draw.shuffle(rows)
    cut = len(rows) * 4 // 5  # the rest comes in later: recorded when it is imported
    for row in rows[cut:]:
        row["recorded_at"] = ""
    write(os.path.join(folder, "events.csv"), list(rows[0]), rows[:cut])
    write(os.path.join(folder, "late.csv"), list(rows[0]), rows[cut:-1])
    write(os.path.join(folder, "last.csv"), list(rows[0]), rows[-1:])


def harder_exposures(folder, draw):
    with open(os.path.join(folder, "exposures.csv"), newline="") as file:
        rows = [row for row in csv.DictReader(file) if moment(row["at"]) <= LAST]
    middle = LAST - datetime.timedelta(days=8)
    result = []
    for row in rows:
        row.update(recorded_at=row["at"], epoch=1 if moment(row["at"]) < middle else 2, propensity="0.5",
                   fallback="true" if draw.random() < 0.02 else "")
        result.append(row)
        if draw.random() < 0.5:
            result.append(dict(row, id="o-" + row["id"], experiment="other", epoch=1, fallback="",
                               arm=draw.choice(["control", "treatment", "old"])))
    draw.shuffle(result)
    write(os.path.join(folder, "exposures.csv"), list(rows[0]), result)


def make(liftmark, folder, users, seed=1):
    """Writes catalog.json, exposures.csv, events.csv, and late.csv and last.csv with what comes in afterwards."""
    subprocess.run([liftmark, "simulate", "--out", folder, "--users", str(users), "--days", str(DAYS),
                    "--window-days", "7", "--start", str(START), "--seed", str(seed), "--conversion", "0.1", "--quiet"], check=True)
    draw = random.Random(seed)
    harder_events(folder, draw)
    harder_exposures(folder, draw)
    path = os.path.join(folder, "catalog.json")
    with open(path) as file:
        made = catalog(json.load(file))
    with open(path, "w") as file:
        json.dump(made, file)
