// Appends to new streams of Emmett's PostgreSQL store: `node emmett.mjs CONNECTION fill COUNT` stores so many events,
// `node emmett.mjs CONNECTION rate WRITERS SECONDS` prints how many a second so many writers stored, one at a time each.
import { randomUUID } from "node:crypto";
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";

const [connection, work, many, seconds] = process.argv.slice(2);
const store = getPostgreSQLEventStore(connection);
const event = { type: "issue.registered", data: { body: "x".repeat(400), tags: ["issue", "household", "county"] } };
const fresh = { expectedStreamVersion: "STREAM_DOES_NOT_EXIST" };

async function fill(count) {
  for (let left = count; left > 0; left -= 1000) {
    await store.appendToStream(`issue-${randomUUID()}`, Array(Math.min(left, 1000)).fill(event), fresh);
  }
}

async function rate(writers, span) {
  await store.appendToStream(`issue-${randomUUID()}`, [event], fresh);
  const began = performance.now();
  const end = began + span * 1000;
  let stored = 0;
  const write = async () => {
    while (performance.now() < end) {
      await store.appendToStream(`issue-${randomUUID()}`, [event], fresh);
      stored += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  console.log(JSON.stringify((stored * 1000) / (performance.now() - began)));
}

await (work === "fill" ? fill(Number(many)) : rate(Number(many), Number(seconds)));
await store.close();
