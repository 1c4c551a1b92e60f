// Remembers the newest ids of events, to recognize one that comes again. What Sluice or Lambda repeats comes within seconds or minutes. An event
// that comes later than the window passes: it is recognized where events are stored, by event.id.

// 200,000 ids take about 25 MB, and are 3 minutes of 1,000 events/s. Sluice repeats at most the last 0.2 s after it was killed.
export const WINDOW_EVENTS = 200_000;

export class RecentIds {
  #ids = new Set();
  #order = [];  // a ring of `limit` places
  #next = 0;

  constructor(limit = WINDOW_EVENTS) {
    this.limit = limit;
  }

  // Those events that did not come before, each once. Nothing is remembered until `add`.
  fresh(events) {
    const here = new Set();
    return events.filter(({ id }) => !this.#ids.has(id) && !here.has(id) && here.add(id));
  }

  // To be called when they are stored: one that could not be stored has to pass when it comes again.
  add(events) {
    for (const { id } of events) {
      if (this.#ids.has(id)) continue;
      this.#ids.delete(this.#order[this.#next]);
      this.#ids.add(id);
      this.#order[this.#next] = id;
      this.#next = (this.#next + 1) % this.limit;
    }
  }
}
