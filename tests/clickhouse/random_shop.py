"""Random catalogs and random logs, from a seed: odd texts, values and times, and every kind of metric and plan."""

import datetime
import json
import os

DAYS = 24
TYPES = ["view", "click", "cart", "order", "refund", "o'ne \\ \"two\"\n"]
TEXTS = ["home", "", "cart", "o'ne\\", "ünï", "tab\there", "12", "-3.5", "7.1234565", "0.0000004", "1e3", "(none)", "v1.2.0"]
PROPERTIES = ["surface", "item", "price", "odd 'key\\"]
UNITS = ["u{}", "o'ne-{}\\", "ü {}", "{}"]
START = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) - datetime.timedelta(days=DAYS, hours=1)


def moment(microseconds):
    return (START + datetime.timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


class Log:
    """Rows of a few dozen units: what came in first, and what came in later."""

    def __init__(self, draw, experiments):
        self.draw, self.rows = draw, {"exposures": [], "events": []}
        self.events = 0
        for number in range(draw.randint(15, 70)):
            unit = draw.choice(UNITS).format(number)
            for experiment in experiments:
                self.expose(unit, experiment)
            moments = [self.moment() for _ in range(draw.choice([0, 0, 1, 3, 8, 30]))]
            self.orders = []
            for at in sorted(set(moments)):
                self.happen(unit, at)

    def moment(self):
        whole = DAYS * 86_400_000_000
        at = self.draw.randrange(whole)
        return self.draw.choice([at, at // 1_000_000 * 1_000_000, at // 86_400_000_000 * 86_400_000_000])

    def recorded(self, at):
        """When a row was recorded: at once, late, before it happened, or (empty) when it is imported."""
        delay = self.draw.choice([0, 5_000_000, 7_200_000_000, 3 * 86_400_000_000, -3_600_000_000, None, None])
        return None if delay is None else moment(min(at + delay, DAYS * 86_400_000_000))

    def expose(self, unit, experiment):
        """Arms, epochs and moments of one unit in one experiment; sometimes none, sometimes several."""
        draw = self.draw
        for _ in range(draw.choice([0, 1, 1, 1, 1, 2, 4])):
            at = self.moment()
            row = {"id": f"x{len(self.rows['exposures'])}", "experiment": experiment["key"], "unit": unit, "at": moment(at),
                   "arm": draw.choice([arm["key"] for arm in experiment["arms"]] + ["gone"] * (draw.random() < 0.1)),
                   "epoch": draw.choice([1, 1, 2]), "recorded_at": self.recorded(at), "fallback": draw.random() < 0.05,
                   "attributes": {"country": draw.choice(["DE", "FR", "", "o'ne\\"]), "device": draw.choice(["phone", "desktop"])}}
            self.add("exposures", row)

    def happen(self, unit, at):
        draw, kind = self.draw, self.draw.choice(TYPES)
        row = {"id": f"e{self.events}" if draw.random() < 0.9 else f"o'ne\\{self.events}", "unit": unit, "type": kind,
               "at": moment(at), "recorded_at": self.recorded(at)}
        self.events += 1
        if draw.random() < 0.7:
            row["value"] = draw.choice([0, 1, -2.5, round(draw.expovariate(0.05), 2), round(draw.gauss(0, 1e4), 6), 123456.654321])
        if kind == "order":
            row["value"] = round(draw.expovariate(0.02), 2)
            self.orders.append(row)
        if kind == "refund" and self.orders and draw.random() < 0.8:
            order = draw.choice(self.orders)
            row.update(reference=order["id"], value=-draw.choice([order["value"], order["value"] / 2, order["value"] * 2]))
        row["properties"] = {key: draw.choice(TEXTS) for key in PROPERTIES if draw.random() < 0.6}
        self.add("events", row)

    def add(self, kind, row):
        row = {key: value for key, value in row.items() if value is not None}
        self.rows[kind].append(row)
        if self.draw.random() < 0.03:
            self.rows[kind].append(dict(row))

    def write(self, folder):
        """Three files: the second holds what comes in later, the third one event that ends the second moment."""
        for kind, rows in self.rows.items():
            self.draw.shuffle(rows)
        events = self.rows["events"]
        cut = len(events) * 3 // 4
        last = {"id": "last", "unit": "u0", "type": "view", "at": moment(DAYS * 86_400_000_000)}
        parts = {"first": self.rows["exposures"] + events[:cut], "second": events[cut:] or [dict(last, id="second")], "last": [last]}
        for name, rows in parts.items():
            with open(os.path.join(folder, name + ".ndjson"), "w") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)


def predicate(draw, depth=2):
    if depth and draw.random() < 0.4:
        parts = [predicate(draw, depth - 1) for _ in range(draw.randint(1, 3))]
        return draw.choice([{"all": parts}, {"any": parts}, {"not": parts[0]}])
    comparison = draw.choice([("equals", draw.choice(TEXTS[:8])), ("in", draw.sample(TEXTS, 3)), ("less", 5), ("greater_equal", -3.5),
                              ("prefix", "o"), ("suffix", "\\"), ("contains", "a"), ("matches", "^[a-z]+$"), ("present", True),
                              ("version_less", "2.0.0")])
    return {"property": draw.choice(PROPERTIES + ["nowhere"]), comparison[0]: comparison[1]}


def source(draw, types=None, **more):
    made = {"event": draw.sample(TYPES, draw.choice([1, 1, 2, 3])) if types is None else types}
    if draw.random() < 0.3:
        made["where"] = predicate(draw)
    return dict(made, **more)


def metric(draw, key):
    kind = draw.choice(["proportion", "count", "mean", "mean", "ratio", "retention", "repeat_purchase", "quantile", "funnel",
                        "time_to_event", "breadth"])
    made = {"key": key, "kind": kind, "window_days": draw.choice([1, 3, 7, 14]), "settle_days": draw.choice([0, 0, 2]),
            "covariate": {"lookback_days": draw.choice([0, 3, 7, 28])}, "direction": draw.choice(["increase", "decrease"])}
    aggregate = {"mean": ["sum", "sum", "max"], "count": ["count", "distinct_days"], "ratio": ["sum", "count"]}.get(kind)
    if kind != "funnel":
        made["numerator"] = source(draw, **({"aggregate": draw.choice(aggregate)} if aggregate else {}))
        if kind == "mean" and draw.random() < 0.3:
            made["numerator"]["value"] = "price"
    if kind == "ratio":
        made["denominator"] = source(draw, aggregate=draw.choice(["sum", "count"]))
    if kind in ("count", "mean", "ratio") and draw.random() < 0.5:
        made["cap"] = draw.choice([{"absolute": draw.choice([1, 20.5, 400])}, {"percentile": draw.choice([0.5, 0.9])}])
    if kind in ("count", "mean", "ratio", "proportion") and draw.random() < 0.3:
        made["maturity"] = "any"
    if kind == "mean":
        made["scale"] = draw.choice(["log", "fieller"])
    if kind in ("mean", "count", "proportion") and draw.random() < 0.3 and made["numerator"].get("aggregate") != "distinct_days":
        made["surface"] = "surface"
    if kind == "retention":
        del made["window_days"]
        made["retention"] = draw.choice([{"kind": "on_day", "day": 2}, {"kind": "within", "day": 3}, {"kind": "on_or_after", "day": 1, "until_day": 6}])
    if kind in ("repeat_purchase", "time_to_event"):
        made["minimum_orders"] = draw.choice([2, 3]) if kind == "repeat_purchase" else draw.choice([1, 2])
        made["numerator"] = source(draw, ["order"])
    if kind == "quantile":
        made["quantile"] = draw.choice([0.1, 0.5, 0.9])
    if kind == "breadth":
        made.update(item="item", measure=draw.choice(["effective_items", "coverage", "novelty"]))
    if kind == "funnel":
        made["steps"] = [source(draw, [one], name=f"step {one!r}") for one in draw.sample(TYPES, draw.choice([2, 3]))]
    return made


def plan(draw, metrics, others):
    usable = [one["key"] for one in metrics if one["kind"] not in ("funnel", "breadth", "quantile", "ratio") and one.get("maturity") != "any"]
    keys = [one["key"] for one in metrics]
    primary = draw.sample(usable, min(len(usable), draw.choice([1, 1, 2])))
    rest = [key for key in keys if key not in primary]
    made = {"primary": primary, "secondary": rest, "method": draw.choice(["always_valid", "always_valid", "fixed", "bayesian", "mixture_sprt",
                                                                         "exact_counts"]),
            "mde": 0.1, "segments": draw.sample(["country", "device", "cold_start", "lifecycle"], draw.randint(0, 3)),
            "interactions": draw.sample(others, draw.choice([0, 0, 1])), "rule": draw.choice(["clear_win_no_harm", "all_primaries"]),
            "correction": draw.choice(["allocation", "holm", "benjamini_hochberg"])}
    if made["method"] == "fixed":
        made["horizon_days"] = draw.choice([18, 21])
    if draw.random() < 0.4:
        made["margin_rate"] = 0.3
    guard = [key for key in usable if key not in primary]
    if guard and draw.random() < 0.5:
        made["guardrails"] = [{"metric": guard[0], "margin": 0.1}]
        made["secondary"] = [key for key in rest if key != guard[0]]
    return made


def catalog(draw, experiments):
    """A catalog with `experiments` experiments, each with metrics of its own, and a blend."""
    made = {"schema": "liftmark.catalog/1", "currency": "EUR", "day_offset_minutes": draw.choice([0, 120, -345]), "metrics": [],
            "experiments": []}
    keys = [f"experiment {i}" for i in range(experiments)]
    for i, key in enumerate(keys):
        metrics = [metric(draw, f"m{i}-{j}") for j in range(draw.randint(1, 4))]
        metrics.append({"key": f"p{i}", "kind": "proportion", "numerator": source(draw), "window_days": 3})
        metrics.append({"key": f"c{i}", "kind": "mean", "numerator": source(draw, aggregate="sum"), "window_days": 3})
        metrics.append({"key": f"b{i}", "kind": "blend", "window_days": 3, "terms": [
            {"metric": f"p{i}", "weight": draw.choice([1, -2.5])}, {"metric": f"c{i}", "weight": draw.choice([0.333333, 10])}]})
        made["metrics"] += metrics
        arms = ["control", "treatment"] + ["o'ne \\"] * (draw.random() < 0.3)
        made["experiments"].append({
            "key": key, "hashing": {"scheme": "liftmark-1", "salt": f"salt {i}"}, "epoch": 2,
            "arms": [{"key": arm, "role": "variant" if j else "control", "weight": draw.choice([1, 2])} for j, arm in enumerate(arms)],
            "plan": plan(draw, metrics, [one for one in keys if one != key])})
    return made
