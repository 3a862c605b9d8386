// The real clients of npm against the real service. What an answer must be comes from `liftmark assign` on the same store,
// from the catalog, or from the client's own hashing (GrowthBook). Usage: clients.mjs LIFTMARK
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import {join} from "node:path";
import {catalogOf, Service} from "./running.mjs";

const require = createRequire(join(process.env.LIFTMARK_NODE_PACKAGES, "package.json"));
const {EventSource} = require("eventsource");
globalThis.EventSource = EventSource;  // a browser has one
const server = require("@openfeature/server-sdk");
const web = require("@openfeature/web-sdk");
const {OFREPProvider} = require("@openfeature/ofrep-provider");
const {OFREPWebProvider} = require("@openfeature/ofrep-web-provider");
const {GrowthBook, setPolyfills} = require("@growthbook/growthbook");
setPolyfills({EventSource, fetch: globalThis.fetch});

const service = new Service(process.argv[2]);
service.command("init", service.store);
service.apply(catalogOf());
service.token("shop", "--scope", "assign,record");
service.token("reader", "--scope", "read");
service.token("slow", "--scope", "assign", "--rate", "0.5");
service.token("browser", "--scope", "growthbook");
service.token("ops", "--scope", "admin,read");

/** Waits until the condition holds; fails loudly when it never does. */
async function until(condition, what) {
  for (let i = 0; i < 1500; ++i) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`never happened: ${what}`);
}

/** A fetch that notes the status of each answer. */
const noting = (statuses) => async (...words) => {
  const answer = await fetch(...words);
  statuses.push(answer.status);
  return answer;
};

async function serverClient(token, statuses = []) {
  const provider = new OFREPProvider({baseUrl: service.url, headers: token ? service.bearer(token) : [],
                                      fetchImplementation: noting(statuses)});
  await server.OpenFeature.setProviderAndWait(`as ${token}`, provider);
  return server.OpenFeature.getClient(`as ${token}`);
}

async function webClient(token, context) {
  const statuses = [];
  const provider = new OFREPWebProvider({baseUrl: service.url, headers: service.bearer(token), cacheMode: "disabled",
                                         fetchImplementation: noting(statuses)});
  await web.OpenFeature.setContext("page", context);
  await web.OpenFeature.setProviderAndWait("page", provider);
  return {client: web.OpenFeature.getClient("page"), statuses};
}

/** What the command line gives the unit: {experiment: row}. */
function commandsAnswers(unit, ...more) {
  const rows = service.command("assign", service.store, "--unit", unit, "--format", "ndjson", ...more).split("\n");
  return Object.fromEntries(rows.map((row) => JSON.parse(row)).map((row) => [row.experiment, row]));
}

const kinds = [["checkout", "getBooleanDetails", null], ["headline", "getStringDetails", "?"], ["rows", "getNumberDetails", -1],
               ["ranking", "getObjectDetails", {}]];


async function values() {
  const client = await serverClient("shop");
  const seen = new Set();
  for (let i = 0; i < 20; ++i) {
    const unit = `user-${i}`, expected = commandsAnswers(unit);
    for (const [key, method, fallback] of kinds) {
      const wrong = key === "checkout" ? expected[key].arm !== "on" : fallback;
      const details = await client[method](key, wrong, {targetingKey: unit});
      assert.deepEqual(details.value, expected[key].value);
      assert.equal(details.variant, expected[key].arm);
      assert.equal(details.reason, "SPLIT");
      assert.equal(details.errorCode, undefined);
      assert.equal(details.flagMetadata.why, expected[key].reason);
      assert.equal(details.flagMetadata.epoch, expected[key].epoch);
      seen.add(`${key} ${details.variant}`);
    }
  }
  assert.equal(seen.size, 8, "both arms of all four");
  assert.equal((await client.getStringDetails("old", "?", {targetingKey: "u"})).reason, "DISABLED");
  assert.equal(await client.getNumberValue("path%2Flike%20this", -1, {targetingKey: "u"}),
               commandsAnswers("u")["path/like this"].value, "a percent-encoded key");
  assert.equal((await client.getStringDetails("welcome", "?", {targetingKey: "u", country: "CZ"})).reason, "SPLIT");
  assert.equal((await client.getStringDetails("welcome", "?", {targetingKey: "u", country: "DE"})).flagMetadata.why, "not_targeted");
}

async function errors() {
  const client = await serverClient("shop");
  const context = {targetingKey: "u"};
  const codeOf = async (details) => {
    const told = await details;
    assert.equal(told.reason, "ERROR");
    return told.errorCode;
  };
  assert.equal(await codeOf(client.getBooleanDetails("nothing", true, context)), "FLAG_NOT_FOUND");
  assert.equal(await client.getBooleanValue("nothing", true, context), true, "the code's own value");
  assert.equal(await codeOf(client.getNumberDetails("headline", 1, context)), "TYPE_MISMATCH");
  assert.equal(await codeOf(client.getStringDetails("checkout", "x", context)), "TYPE_MISMATCH");
  assert.equal(await codeOf(client.getBooleanDetails("checkout", true, {country: "CZ"})), "TARGETING_KEY_MISSING");
  assert.equal(await codeOf(client.getBooleanDetails("checkout", true, {targetingKey: "x".repeat(257)})), "INVALID_CONTEXT");
}

async function authorization() {
  for (const [token, status] of [[null, 401], ["reader", 403]]) {
    const statuses = [];
    const details = await (await serverClient(token, statuses)).getBooleanDetails("checkout", true, {targetingKey: "u"});
    assert.equal(details.value, true, "the code's own value");
    assert.equal(details.reason, "ERROR");
    assert.deepEqual(statuses, [status]);
  }
  const stranger = new OFREPWebProvider({baseUrl: service.url, cacheMode: "disabled"});
  await assert.rejects(web.OpenFeature.setProviderAndWait("stranger", stranger, {targetingKey: "u"}));
}

async function rateLimit() {
  const statuses = [];
  const client = await serverClient("slow", statuses);
  const ask = () => client.getBooleanDetails("checkout", true, {targetingKey: "u"});
  let details = await ask();
  assert.equal(details.reason, "SPLIT");
  for (let i = 0; i < 50 && details.reason === "SPLIT"; ++i) details = await ask();
  assert.equal(statuses.at(-1), 429);
  const sent = statuses.length;
  details = await ask();
  assert.equal(details.reason, "ERROR");
  assert.equal(statuses.length, sent, "the client waits as Retry-After says");
  await until(async () => (await ask()).reason === "SPLIT", "the client asks again");
}

async function concurrent() {
  const client = await serverClient("shop");
  const units = Array.from({length: 200}, (_, i) => `visitor-${i}`);
  const details = await Promise.all(units.map((unit) => client.getObjectDetails("ranking", {}, {targetingKey: unit})));
  assert.ok(details.every((one) => one.reason === "SPLIT"));
  const again = await Promise.all(units.map((unit) => client.getObjectDetails("ranking", {}, {targetingKey: unit})));
  assert.deepEqual(again.map((one) => one.variant), details.map((one) => one.variant));
  for (let i = 0; i < 200; i += 40) assert.equal(details[i].variant, commandsAnswers(units[i]).ranking.arm);
}

async function bulkAndEvents() {
  const {client, statuses} = await webClient("shop", {targetingKey: "user-1", country: "DE"});
  const expected = commandsAnswers("user-1", "--attribute", "country=DE");
  assert.deepEqual(statuses, [200]);
  assert.equal(client.getBooleanValue("checkout", !expected.checkout.value), expected.checkout.value);
  assert.equal(client.getStringValue("headline", "?"), expected.headline.value);
  assert.equal(client.getNumberValue("rows", -1), expected.rows.value);
  assert.deepEqual(client.getObjectValue("ranking", {}), expected.ranking.value);
  assert.equal(client.getNumberValue("path/like this", -1), expected["path/like this"].value);
  assert.equal(client.getStringDetails("nothing", "?").errorCode, "FLAG_NOT_FOUND");
  assert.equal(client.getStringDetails("checkout", "?").errorCode, "TYPE_MISMATCH");
  assert.equal(client.getStringDetails("welcome", "?").flagMetadata.why, "not_targeted");

  // The client keeps its ETag while the targeting key stays: the same context is not sent again, a new one is.
  await web.OpenFeature.setContext("page", {targetingKey: "user-1", country: "DE", note: "of no audience"});
  assert.deepEqual(statuses, [200, 304]);
  await web.OpenFeature.setContext("page", {targetingKey: "user-1", country: "CZ"});
  assert.deepEqual(statuses, [200, 304, 200]);
  assert.equal(client.getStringDetails("welcome", "?").flagMetadata.why, "assigned");
  assert.equal(client.getStringValue("headline", "?"), expected.headline.value);

  // A new catalog: the event stream says so and the client fetches again.
  const changed = new Promise((resolve) => client.addHandler(web.ProviderEvents.ConfigurationChanged, resolve));
  await until(async () => /liftmark_event_streams [1-9]/.test(await metrics()), "the stream is open");
  assert.match(service.apply(catalogOf({headline: {status: "stopped"}})), /version 2 is in force/);
  const told = await changed;
  assert.ok(told.flagsChanged.includes("headline"), told.flagsChanged);
  assert.equal(client.getStringDetails("headline", "?").reason, "DISABLED");
  assert.equal(client.getNumberValue("rows", -1), expected.rows.value);
  await assert.rejects(webClient("shop", {country: "CZ"}), "no targeting key");
  await web.OpenFeature.close();
}

async function metrics() {
  return (await fetch(`${service.url}/metrics`, {headers: Object.fromEntries(service.bearer("reader"))})).text();
}

async function tracking() {
  const provider = new OFREPProvider({baseUrl: service.url, headers: service.bearer("shop")});
  const sent = [];
  provider.track = (name, context, details) => sent.push(service.ask("/v1/events",  // as docs/service.md has it
      [{id: "tracked-1", trackingEventName: name, context, trackingEventDetails: details}], "shop"));
  await server.OpenFeature.setProviderAndWait("tracking", provider);
  server.OpenFeature.getClient("tracking").track("purchase", {targetingKey: "user-7"}, {value: 99.5, currency: "EUR"});
  const {status, body} = await sent[0];
  assert.equal(status, 200);
  assert.equal(body.accepted, 1);
  const row = JSON.parse(service.command("export", service.store, "events", "--format", "ndjson"));
  assert.deepEqual([row.id, row.unit, row.type, Number(row.value)], ["tracked-1", "user-7", "purchase", 99.5]);
}

async function growthbook() {
  const sdk = new GrowthBook({apiHost: service.url, clientKey: service.tokens.browser});
  const {success} = await sdk.init({timeout: 20000, streaming: true});
  assert.ok(success);
  const leftOut = (await service.ask(`/api/features/${service.tokens.browser}`, undefined, "browser", "GET")).body.leftOut;
  assert.deepEqual(leftOut.map((one) => one.key),
                   ["checkout", "headline", "rows", "ranking", "welcome", "old", "path/like this"]);
  const counts = {};
  for (let i = 0; i < 300; ++i) {
    const context = {country: ["CZ", "SK", "DE"][i % 3], age: 15 + (i % 7)};
    const unit = i === 0 ? "qa-1" : `user-${i}`;
    await sdk.setAttributes({id: unit, ...context});
    const theirs = sdk.evalFeature("migrated");
    const ours = (await service.ask("/ofrep/v1/evaluate/flags/migrated", {context: {targetingKey: unit, ...context}}, "shop")).body;
    assert.equal(theirs.value, ours.value, `${unit} ${JSON.stringify(context)}`);
    assert.equal(theirs.source === "experiment", ours.metadata.measured, unit);
    if (ours.metadata.measured) assert.equal(theirs.experimentResult.key, ours.variant);
    counts[ours.metadata.why] = (counts[ours.metadata.why] ?? 0) + 1;
  }
  for (const why of ["assigned", "outside_traffic", "not_targeted", "overridden"]) assert.ok(counts[why] > 0, why);
  service.apply(catalogOf({migrated: {status: "stopped"}}));
  await until(() => sdk.getFeatures().migrated === undefined, "the stream brings the new features");
  sdk.destroy();
  const wrong = await fetch(`${service.url}/api/features/lm_guess`);
  assert.equal(wrong.status, 401);
}

const cases = {values, errors, authorization, rateLimit, concurrent, tracking, bulkAndEvents, growthbook};
try {
  await service.start();
  for (const [name, run] of Object.entries(cases)) {
    await run();
    console.log(`passed: ${name}`);
  }
} catch (failure) {
  console.error(failure);
  process.exitCode = 1;
} finally {
  await server.OpenFeature.close();
  await service.end();
}
if (service.code !== 0) {
  console.error(`the service ended with ${service.code}`);
  process.exitCode = 1;
}
process.exit();
