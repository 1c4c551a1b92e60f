// Payloads as server-side SDKs send them, in which no two events are alike: contexts, ids, keys and numbers are drawn anew for each (a seed
// gives the same again). For measuring compression: events that repeat each other would compress better than real ones.
const FIRST = ['Ada', 'Grace', 'Linus', 'Ken', 'Barbara', 'Edsger', 'Tony', 'Frances', 'Donald', 'Margaret', 'Alan', 'Leslie'];
const LAST = ['Lovelace', 'Hopper', 'Torvalds', 'Thompson', 'Liskov', 'Dijkstra', 'Hoare', 'Allen', 'Knuth', 'Hamilton', 'Turing', 'Lamport'];
const PLANS = ['free', 'team', 'business', 'enterprise'];
const COUNTRIES = ['US', 'DE', 'GB', 'FR', 'JP', 'BR', 'IN', 'AU'];
const FLAGS = ['checkout', 'search', 'billing', 'profile', 'nav', 'export'].flatMap((area) =>
  ['new', 'v2', 'fast', 'beta', 'dark'].flatMap((state) => ['flow', 'panel', 'api', 'rollout'].map((part) => `${area}-${state}-${part}`)));

export class UniqueBodies {
  #state;
  #date = 1760000000000;

  constructor(seed = 7) {
    this.#state = seed >>> 0;
  }

  // mulberry32
  #random() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  #number(from, to) {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  #of(values) {
    return values[this.#number(0, values.length - 1)];
  }

  #hex(digits) {
    return Array.from({ length: digits }, () => this.#number(0, 15).toString(16)).join('');
  }

  #user() {
    const [first, last] = [this.#of(FIRST), this.#of(LAST)];
    return {
      key: `uid-${this.#hex(12)}`, name: `${first} ${last}`, email: `${first}.${last}${this.#number(1, 9999)}@example.com`.toLowerCase(),
      country: this.#of(COUNTRIES), plan: this.#of(PLANS), seats: this.#number(1, 5000), beta: this.#random() < 0.3,
      ip: [1, 2, 3, 4].map(() => this.#number(1, 254)).join('.'),
      userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${this.#number(100, 140)}.0.0.0 Safari/537.36`,
    };
  }

  #context() {
    const user = this.#user();
    if (this.#random() < 0.5) return { kind: 'user', ...user };
    return { kind: 'multi', user, organization: { key: `org-${this.#hex(12)}`, name: `${this.#of(LAST)} Inc`, tier: this.#of(PLANS) } };
  }

  #event() {
    this.#date += this.#number(0, 40);
    const drawn = this.#random();
    const creationDate = this.#date;
    if (drawn < 0.55) {
      return {
        kind: 'feature', creationDate, key: this.#of(FLAGS), version: this.#number(1, 900), variation: this.#number(0, 3),
        value: this.#of([true, false, 'control', 'treatment', { limit: this.#number(1, 99) }]), default: false,
        reason: { kind: 'RULE_MATCH', ruleIndex: this.#number(0, 5), ruleId: [8, 4, 4, 4, 12].map((digits) => this.#hex(digits)).join('-') },
        context: this.#context(),
      };
    }
    if (drawn < 0.88) {
      const item = () => ({ sku: this.#hex(8), qty: this.#number(1, 5), price: this.#number(1, 20000) / 100 });
      return {
        kind: 'custom', creationDate, key: this.#of(['page-load', 'cart-add', 'purchase', 'api-latency', 'signup']),
        data: { page: `/${this.#hex(6)}`, session: this.#hex(32), items: Array.from({ length: this.#number(1, 3) }, item) },
        metricValue: this.#number(0, 1e6) / 1000, context: this.#context(),
      };
    }
    return { kind: 'identify', creationDate, context: this.#context() };
  }

  // One payload's events; all are exported by default.
  next(events) {
    return Array.from({ length: events }, () => this.#event());
  }
}
