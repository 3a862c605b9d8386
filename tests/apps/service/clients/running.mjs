// Starts `liftmark serve` on a new store for the clients; the catalog they ask about.
import {execFileSync, spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

const experiment = (key, control, variant, more = {}) => ({
  key, arms: [{key: "off", role: "control", payload: control}, {key: "on", payload: variant}],
  hashing: {scheme: "liftmark-1", salt: `salt-${key}`}, plan: {primary: ["conversion"]}, ...more});

/** Experiments of every type of value; "welcome" is for one country, "migrated" hashes as GrowthBook does. */
export function catalogOf(changes = {}) {
  const experiments = [
    experiment("checkout", false, true), experiment("headline", "plain", "bold"), experiment("rows", 3, 4.5),
    experiment("ranking", {algorithm: "popular", depth: 20}, {algorithm: "session", depth: 50}),
    experiment("welcome", "hello", "hello", {audience: {attribute: "country", equals: "CZ"}}),
    experiment("old", "before", "after", {status: "stopped"}),
    experiment("path/like this", 1, 2),
    experiment("migrated", "control", "treatment", {
      hashing: {scheme: "growthbook-v2", seed: "migrated-2024", coverage: 0.7}, overrides: {"qa-1": "on"},
      audience: {all: [{attribute: "country", in: ["CZ", "SK"]}, {not: {attribute: "age", less: 18}}]}}),
  ];
  for (const one of experiments) Object.assign(one, changes[one.key]);
  return {schema: "liftmark.catalog/1", experiments,
          metrics: [{key: "conversion", kind: "proportion", numerator: {event: "purchase"}}]};
}

export class Service {
  constructor(liftmark) {
    this.liftmark = liftmark;
    this.folder = mkdtempSync(join(tmpdir(), "liftmark-clients-"));
    this.store = join(this.folder, "shop.db");
    this.tokens = {};
  }

  command(...words) {
    return execFileSync(this.liftmark, words, {encoding: "utf8", stdio: ["ignore", "pipe", "inherit"]}).trim();
  }

  token(name, ...options) {
    this.tokens[name] = this.command("token", "create", join(this.folder, "tokens"), name, ...options);
    return this.tokens[name];
  }

  apply(catalog) {
    const path = join(this.folder, "catalog.json");
    writeFileSync(path, JSON.stringify(catalog));
    return this.command("apply", this.store, path);
  }

  async start() {
    this.process = spawn(this.liftmark, ["serve", this.store, "--port", "0", "--tokens", join(this.folder, "tokens")],
                         {stdio: ["ignore", "pipe", "inherit"]});
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    let said = "";
    for await (const piece of this.process.stdout) {
      said += piece;
      const found = said.match(/:(\d+)\n/);
      if (!found) continue;
      this.url = `http://127.0.0.1:${found[1]}`;
      this.process.stdout.destroy();
      return;
    }
    throw new Error(`the service did not start: ${said}`);
  }

  bearer(name) { return [["Authorization", `Bearer ${this.tokens[name]}`]]; }

  /** Asks without any client; the body as JSON. */
  async ask(path, body, token, method = "POST") {
    const answer = await fetch(this.url + path, {method, body: body && JSON.stringify(body),
                                                 headers: Object.fromEntries(this.bearer(token))});
    return {status: answer.status, body: await answer.json()};
  }

  async end() {
    if (this.process) {
      this.process.kill("SIGTERM");
      this.code = await this.ended;
    }
    rmSync(this.folder, {recursive: true, force: true});
  }
}
