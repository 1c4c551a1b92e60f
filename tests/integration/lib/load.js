// A steady load of payloads over a few connections, each payload sent again under its id until it is acknowledged, as
// SDKs do (but for longer). Remembers what was acknowledged.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { customEvent } from './sluice.js';

export class Load {
  constructor(sluice, { connections = 4, eventsPerPayload = 50, pauseMs = 0, paddingBytes = 300 } = {}) {
    this.acknowledged = new Set(); // keys of events
    this.statuses = new Map(); // how often each status, or kind of failure, was seen
    this.padding = 'x'.repeat(paddingBytes);
    this.stopping = false;
    this.serial = 0;
    this.done = Promise.all(
      Array.from({ length: connections }, () => this.#run(sluice, eventsPerPayload, pauseMs)),
    );
  }

  async #run(sluice, eventsPerPayload, pauseMs) {
    while (!this.stopping) {
      const events = Array.from({ length: eventsPerPayload }, () =>
        customEvent(`load-${this.serial++}`, { data: this.padding }));
      const payloadId = randomUUID();
      while (!(await this.#send(sluice, events, payloadId))) {
        if (this.stopping) return;
        await sleep(20);
      }
      for (const { key } of events) this.acknowledged.add(key);
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }

  async #send(sluice, events, payloadId) {
    let outcome;
    try {
      outcome = await sluice.post(events, { payloadId });
    } catch (error) {
      outcome = error.cause?.code ?? error.name;
    }
    this.statuses.set(outcome, (this.statuses.get(outcome) ?? 0) + 1);
    return outcome === 202;
  }

  async stop() {
    this.stopping = true;
    await this.done;
    return this;
  }
}

// Checks delivered records against what was acknowledged: nothing lost, and whatever came twice has the same id.
// Returns how many came twice.
export function checkDelivered(events, acknowledged) {
  const idOf = new Map();
  let repeats = 0;
  for (const { key, id } of events) {
    const known = idOf.get(key);
    if (known === undefined) idOf.set(key, id);
    else if (known === id) repeats++;
    else throw new Error(`the event ${key} came under two ids, ${known} and ${id}: consumers cannot recognise it`);
  }
  const lost = [...acknowledged].filter((key) => !idOf.has(key));
  if (lost.length > 0) {
    throw new Error(`${lost.length} of ${acknowledged.size} acknowledged events are not in the stream, as ${lost.slice(0, 5)}`);
  }
  return repeats;
}
