// Webhook destinations: batches of events posted to an HTTP server that the test scripts, verified by it as Standard
// Webhooks says.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { checkDelivered, Load } from './lib/load.js';
import { repository } from './lib/paths.js';
import { freePort, Process, temporaryFolder } from './lib/process.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { isSigned, OLD_SECRET, SECRET, WebhookReceiver } from './lib/webhook_receiver.js';

const signed = { auth: 'signature', signing_secrets: [SECRET] };
const KEYS = Array.from({ length: 300 }, (_, i) => `order-${i}`);
const send = async (sluice, keys, fields) => assert.equal(await sluice.post(keys.map((key) => customEvent(key, fields))), 202);
function assertExactlyOnce(events, keys) {
  assert.deepEqual(events.map(({ key }) => key).sort(), [...keys].sort());
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'every event has an id of its own');
}
const deliveredAll = (sluice, name, count) =>
  waitFor(`all events of ${name}`, async () => (await sluice.destination(name)).deliveredEvents === count);

async function managedServer(t, options) {
  const sluice = await Sluice.start(t, { managed: true, ...options });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  sluice.create = (config, fields) => sluice.api('POST', 'destinations/web/production', { kind: 'webhook', config, on: true, ...fields });
  sluice.send = async (keys) => {
    const { body } = await sluice.api('GET', 'projects/web/environments/production');
    assert.equal(await sluice.post(keys.map((key) => customEvent(key)), { key: body.apiKey }), 202);
  };
  return sluice;
}

test('every event comes once, in every format and compression, in batches that are signed with both secrets', async (t) => {
  const kinds = [['ndjson', 'none'], ['json', 'gzip'], ['ndjson', 'zstd'], ['json', 'none']];
  const receivers = await Promise.all(kinds.map(() => WebhookReceiver.start(t)));
  const sluice = await Sluice.start(t, {
    destinations: kinds.map(([format, compression], i) => receivers[i].destination({
      name: `${format} ${compression}`, format, compression, auth: 'signature', signing_secrets: [SECRET, OLD_SECRET], max_events: 100,
      headers: ['X-Team: checkout'],
    })),
  });
  for (let first = 0; first < KEYS.length; first += 50) await send(sluice, KEYS.slice(first, first + 50), { data: 'Größe €' });
  for (const [i, [format, compression]] of kinds.entries()) {
    await deliveredAll(sluice, `${format} ${compression}`, KEYS.length);
    const { requests, events } = receivers[i];
    assertExactlyOnce(events, KEYS);
    assert.ok(requests.length <= 10, `${requests.length} requests for ${KEYS.length} events`);
    assert.equal(new Set(requests.map(({ id }) => id)).size, requests.length, 'each batch has an id of its own');
    for (const request of requests) {
      assert.ok(isSigned(request, SECRET) && isSigned(request, OLD_SECRET), JSON.stringify(request.headers));
      assert.ok(Math.abs(request.at / 1000 - request.headers['webhook-timestamp']) < 60);
      assert.equal(request.headers['x-team'], 'checkout');
      assert.ok(request.events.length <= 100);
    }
  }
  const ids = receivers.map(({ events }) => events.map(({ id }) => id).sort());
  for (const each of ids) assert.deepEqual(each, ids[0], 'every destination has the same ids of events');
  const status = await sluice.destination('ndjson none');
  assert.deepEqual([status.host, status.lastHttpStatus, status.state], [new URL(receivers[0].uri).host, 204, status.state]);
  assert.equal(status.target, `webhook at ${status.host}`);
});

test('kill -9 under load: nothing is lost, what comes twice has the same id, and every batch is whole', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  const sluice = await Sluice.start(t, { destinations: [receiver.destination({ ...signed, max_events: 200 })] });
  const load = new Load(sluice);
  for (let kill = 0; kill < 4; kill++) {
    const target = load.acknowledged.size + 500 + Math.floor(Math.random() * 1000);
    await waitFor('more acknowledged events', () => load.acknowledged.size >= target);
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
  }
  await load.stop();
  await waitFor('all to be delivered', async () => (await sluice.destination('hook')).backlog.events === 0);
  const repeats = checkDelivered(receiver.events, load.acknowledged);
  const batches = new Map();
  for (const request of receiver.accepted) {
    assert.ok(isSigned(request, SECRET));
    const ids = request.events.map(({ id }) => id).join();
    assert.equal(batches.get(request.id) ?? ids, ids, 'a webhook-id stands for the same events');
    batches.set(request.id, ids);
  }
  t.diagnostic(`${load.acknowledged.size} acknowledged, none lost, ${repeats} came twice, each under the same id`);
});

test('an answer that fails is repeated under the same webhook-id, signed anew, until it is accepted', async (t) => {
  const receiver = await WebhookReceiver.start(t, (_, number) => ({ status: number < 6 ? 500 + number : 200, body: 'no' }));
  const sluice = await Sluice.start(t, { destinations: [receiver.destination(signed)] });
  await send(sluice, ['once']);
  await deliveredAll(sluice, 'hook', 1);
  assert.equal(receiver.requests.length, 6);
  for (const request of receiver.requests) {
    assert.equal(request.id, receiver.requests[0].id);
    assert.deepEqual(request.bytes, receiver.requests[0].bytes);
    assert.ok(isSigned(request, SECRET));
  }
});

test('413 halves batches, and one event that is too large becomes a dead letter while others are accepted', async (t) => {
  const receiver = await WebhookReceiver.start(t, ({ bytes }) => ({ status: bytes.length > 20_000 ? 413 : 200 }));
  const sluice = await Sluice.start(t, { destinations: [receiver.destination({ max_events: 300, linger: '1 s' })] });
  await send(sluice, KEYS);
  await send(sluice, ['too-large'], { data: 'x'.repeat(30_000) });
  await send(sluice, ['last']);
  await waitFor('all but one', async () => {
    const { deliveredEvents, deadLetteredEvents, backlog } = await sluice.destination('hook');
    return deliveredEvents === KEYS.length + 1 && deadLetteredEvents === 1 && backlog.events === 0;
  });
  assertExactlyOnce(receiver.events, [...KEYS, 'last']);
  const { notes, problem } = await sluice.destination('hook');
  assert.equal(problem, null);
  assert.ok(notes.some(({ code }) => code === 'too_large') && notes.some(({ code }) => code === 'event_too_large'), JSON.stringify(notes));
});

test('429 and 503 are obeyed as long as Retry-After says', async (t) => {
  const receiver = await WebhookReceiver.start(t, (_, number) => {
    if (number === 1) return { status: 429, headers: { 'Retry-After': '3' } };
    if (number === 2) return { status: 503, headers: { 'Retry-After': new Date(Date.now() + 3_000).toUTCString() } };
    return { status: 200 };
  });
  const sluice = await Sluice.start(t, { destinations: [receiver.destination()] });
  await send(sluice, ['first']);
  await waitFor('the pause to be shown', async () => (await sluice.destination('hook')).problem?.code === 'throttled');
  assert.equal((await sluice.destination('hook')).state, 'waiting');
  await send(sluice, ['second', 'third']);
  await deliveredAll(sluice, 'hook', 3);
  const [first, second, third] = receiver.requests.map(({ at }) => at);
  assert.ok(second - first >= 2_990 && third - second >= 1_990, `${second - first} and ${third - second} ms`);
});

test('410 stops until the destination is changed; nothing is lost', async (t) => {
  let gone = true;
  const receiver = await WebhookReceiver.start(t, () => ({ status: gone ? 410 : 200 }));
  const other = await WebhookReceiver.start(t);
  const sluice = await Sluice.start(t, { destinations: [receiver.destination(), other.destination({ name: 'other' })] });
  await send(sluice, KEYS);
  await waitFor('it to be blocked', async () => (await sluice.destination('hook')).problem?.code === 'gone');
  await deliveredAll(sluice, 'other', KEYS.length);
  const status = await sluice.destination('hook');
  assert.deepEqual([status.state, status.gone, status.backlog.events], ['blocked', true, KEYS.length]);
  assert.match(status.problem.remedy, /changed, or switched off and on/);
  gone = false;
  await send(sluice, ['later']);
  await deliveredAll(sluice, 'other', KEYS.length + 1);
  assert.equal(receiver.requests.length, 1, 'it is not even tried');
  await sluice.configure([receiver.destination({ linger: '60 ms' }), other.destination({ name: 'other' })]);
  sluice.reload();
  await deliveredAll(sluice, 'hook', KEYS.length + 1);
  assertExactlyOnce(receiver.events, [...KEYS, 'later']);
});

test('a redirect is not followed, and is reported with the host alone', async (t) => {
  const elsewhere = await WebhookReceiver.start(t);
  const receiver = await WebhookReceiver.start(t, () => ({ status: 307, headers: { Location: `${elsewhere.uri}?key=s3cr3t` } }));
  const sluice = await Sluice.start(t, { destinations: [receiver.destination()] });
  await send(sluice, ['one']);
  const { problem, state } = await waitFor('the problem', async () => {
    const destination = await sluice.destination('hook');
    return destination.problem && destination;
  });
  assert.deepEqual([problem.code, state], ['redirected', 'blocked']);
  assert.ok(problem.message.includes(new URL(elsewhere.uri).host) && !problem.message.includes('s3cr3t'), problem.message);
  assert.equal(elsewhere.requests.length, 0);
});

test('no secret and no path of the URL is in the log, the status or the metrics', async (t) => {
  const receiver = await WebhookReceiver.start(t, ({ headers }) => ({ status: 401, body: `${headers.authorization} ${headers['x-key']}` }));
  const sluice = await Sluice.start(t, {
    destinations: [receiver.destination({
      url: `${receiver.uri}/path-s3cr3t?token=query-s3cr3t`, auth: 'basic', username: 'sluice', password: 'pass-s3cr3t', headers: ['X-Key: head-s3cr3t'],
    })],
  });
  await send(sluice, ['one']);
  await waitFor('the problem', async () => (await sluice.destination('hook')).problem?.code === 'http_401');
  const basic = Buffer.from('sluice:pass-s3cr3t').toString('base64');
  assert.equal(receiver.requests[0].headers.authorization, `Basic ${basic}`);
  const shown = sluice.process.output + JSON.stringify(await sluice.status()) + await (await sluice.page('/metrics')).text();
  for (const secret of ['s3cr3t', basic]) assert.ok(!shown.includes(secret), shown.slice(Math.max(0, shown.indexOf(secret) - 200), shown.indexOf(secret) + 50));
  assert.match(shown, /sluice_destination_last_http_status\{[^}]*\} 401/);
});

test('answers that are garbage, endless, cut or missing lose nothing', async (t) => {
  const answers = [
    'SSH-2.0-OpenSSH_9.6\r\n', '\x00\x01\x02\xff', 'HTTP/1.1 20', '',
    'HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n', `HTTP/1.1 500 No\r\n${'X-A: b\r\n'.repeat(60_000)}`,
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 'endless 500',
  ];
  const seen = [];
  let connections = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const number = connections++;
    socket.once('data', (bytes) => {
      seen.push(/webhook-id: (\S+)/i.exec(bytes.toString())[1]);
      if (number >= answers.length) {
        // It was accepted; that the rest never ends does not matter.
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        const timer = setInterval(() => socket.write('x'.repeat(65_536)), 20);
        socket.once('close', () => clearInterval(timer));
      } else if (answers[number] === 'endless 500') {
        socket.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n');
        const timer = setInterval(() => socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`), 20);
        socket.once('close', () => clearInterval(timer));
      } else {
        socket.end(answers[number], 'latin1');
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const sluice = await Sluice.start(t, {
    destinations: [{ name: 'hook', project: 'test', environment: 'production', kind: 'webhook', linger: '50 ms', timeout: '5 s', url: `http://127.0.0.1:${server.address().port}/` }],
  });
  await send(sluice, KEYS);
  await waitFor('all events', async () => (await sluice.destination('hook')).deliveredEvents === KEYS.length, { timeoutMs: 90_000 });
  assert.equal(seen.length, answers.length + 1);
  assert.equal(new Set(seen).size, 1, 'one batch, again and again');
  assert.equal((await sluice.destination('hook')).problem, null);
});

test('a managed server calls no private address and no http unless its owner allows it, and says so', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  const sluice = await managedServer(t, { env: { SLUICE_OUTBOUND_ALLOWED: '' } });
  const port = new URL(receiver.uri).port;
  for (const url of [receiver.uri, `https://127.0.0.1:${port}/`, 'https://10.0.0.7/', 'https://[::1]/', 'http://hooks.example.com/', 'https://169.254.169.254/']) {
    const { status, body } = await sluice.create({ url: `${url}?key=s3cr3t` });
    assert.equal(status, 400, url);
    assert.match(body.message, /^config\.url: /, url);
    if (!url.includes('169.254')) assert.match(body.message, /outbound\.allowed \(variable SLUICE_OUTBOUND_ALLOWED\)/, url);
    assert.ok(!body.message.includes('s3cr3t'), body.message);
  }
  // A name is looked at when connecting.
  const { status, body } = await sluice.create({ url: `https://localhost:${port}/` });
  assert.equal(status, 201, JSON.stringify(body));
  await sluice.send(['one']);
  const { problem } = await waitFor('the problem', async () => {
    const { body: answer } = await sluice.api('GET', `destinations/web/production/${body._id}/status`);
    return answer.problem && answer;
  });
  assert.equal(problem.code, 'address_not_allowed');
  assert.match(problem.message, /outbound\.allowed/);
  assert.equal(receiver.requests.length, 0);
});

test('over the REST API: all faults at once, secrets hidden, a check, a test event, and a change of secrets', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  receiver.managed = true;
  const sluice = await managedServer(t);
  const wrong = await sluice.create({ url: 'nowhere', format: 'xml', headers: ['Host: a'], auth: 'signature', maxEvents: 0 });
  assert.equal(wrong.status, 400);
  for (const field of ['url', 'format', 'headers', 'signingSecrets', 'maxEvents']) assert.match(wrong.body.message, new RegExp(`config\\.${field}: `));

  const config = { url: receiver.uri, auth: 'signature', signingSecrets: [SECRET], headers: ['X-Key: 12345678'], linger: '50 ms' };
  const made = await sluice.create(config);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual(made.body.config.signingSecrets, [`********${SECRET.slice(-4)}`]);
  assert.deepEqual(made.body.config.headers, ['X-Key: ********']);
  assert.equal(made.body.name, new URL(receiver.uri).host);
  const at = `destinations/web/production/${made.body._id}`;

  const check = (await sluice.api('POST', `${at}/check`)).body;
  const steps = Object.fromEntries(check.steps.map(({ name, status }) => [name, status]));
  assert.deepEqual(steps, { address: 'ok', resolve: 'ok', connect: 'ok', tls: 'warning', authentication: 'ok', put: 'ok' }, JSON.stringify(check, null, 1));
  assert.deepEqual(receiver.others, ['OPTIONS']);
  assert.match(check.steps.at(-1).message, /HTTP 204, webhook-id msg_[0-9a-f]{32}/);
  const example = /webhook-id (\S+), webhook-timestamp (\S+) and the body (\S+) the header is "webhook-signature: (v1,\S+)"/
    .exec(check.steps.find(({ name }) => name === 'authentication').message);
  const [, id, time, body, signature] = example;
  assert.ok(isSigned({ headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature }, bytes: Buffer.from(body) }, SECRET));

  const event = (await sluice.api('POST', `${at}/test-event`)).body;
  assert.deepEqual([event.delivered, event.httpStatus, event.webhookId], [true, '204', receiver.requests.at(-1).id]);
  assert.equal(receiver.requests.at(-1).events[0].key, 'LaunchDarklyDataExportTestEvent');

  // What comes back hidden stays as it was; the new secret signs beside the old one.
  const rotated = await sluice.api('PATCH', at, [{ op: 'replace', path: '/config/signingSecrets', value: [OLD_SECRET, ...made.body.config.signingSecrets] }]);
  assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
  await sluice.send(['rotated']);
  const request = await waitFor('the event', () => receiver.accepted.find(({ events }) => events[0].key === 'rotated'));
  assert.ok(isSigned(request, SECRET) && isSigned(request, OLD_SECRET));
  assert.equal(request.headers['x-key'], '12345678');

  const unreachable = (await sluice.api('POST', 'destinations/web/production/check', { kind: 'webhook', config: { url: 'http://127.0.0.1:9/' } })).body;
  assert.equal(unreachable.ok, false);
  assert.deepEqual(unreachable.steps.map(({ status }) => status), ['ok', 'ok', 'failed', 'skipped', 'warning', 'skipped'], JSON.stringify(unreachable, null, 1));
});

test('secrets are shown by their ends if they are long, and stay when they come back as shown', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  const sluice = await managedServer(t);
  const config = { url: receiver.uri, auth: 'basic', username: 'bob', password: 'pa55w0rd', headers: ['X-A: k', 'X-B:  0123456789abcdef', 'X-C: 0123456789abcde'] };
  const made = await sluice.create(config);
  const shown = { password: '********', headers: ['X-A: ********', 'X-B:  ********cdef', 'X-C: ********'] };
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual({ password: made.body.config.password, headers: made.body.config.headers }, shown);
  const at = `destinations/web/production/${made.body._id}`;
  const stored = async () => (await sluice.api('GET', 'export')).body.destination[0];

  // In another order, and with one that is new.
  const back = await sluice.api('PATCH', at, [{ op: 'replace', path: '/config/headers', value: ['X-D: new', ...[...shown.headers].reverse()] },
    { op: 'replace', path: '/config/password', value: shown.password }]);
  assert.equal(back.status, 200, JSON.stringify(back.body));
  assert.deepEqual((await stored()).headers, ['X-D: new', ...[...config.headers].reverse()]);
  assert.equal((await stored()).password, config.password);

  for (const [member, value] of [['password', '********0rd'], ['headers', ['X-E: ********']], ['headers', ['X-A: ********', 'X-A: ********']]]) {
    const refused = await sluice.api('PATCH', at, [{ op: 'replace', path: `/config/${member}`, value }]);
    assert.equal(refused.status, 400, JSON.stringify(value));
    assert.match(refused.body.message, new RegExp(`config\\.${member}: It begins with \\*{8}`));
  }
  const created = await sluice.create({ ...config, password: '********word' });
  assert.match(created.body.message, /^config\.password: It begins with/);

  assert.equal((await sluice.api('PATCH', at, [{ op: 'replace', path: '/config/password', value: 'a-new-pa55word' }])).status, 200);
  const audit = JSON.stringify((await sluice.api('GET', 'auditlog')).body);
  for (const secret of [config.password, 'a-new-pa55word', '0123456789abcde', 'X-D: new']) assert.ok(!audit.includes(secret), `the audit log shows ${secret}`);
});

test('a replay delivers again, under other webhook-ids and the same ids of events', async (t) => {
  const receiver = await WebhookReceiver.start(t);
  receiver.managed = true;
  const sluice = await managedServer(t);
  const { body: { _id } } = await sluice.create({ url: receiver.uri, linger: '50 ms' });
  const from = Date.now() - 1_000;
  await sluice.send(KEYS);
  await waitFor('all events', () => receiver.events.length === KEYS.length);
  const before = { batches: new Set(receiver.accepted.map(({ id }) => id)), events: receiver.events.map(({ id }) => id).sort() };
  receiver.accepted.length = 0;
  const started = await sluice.api('POST', `destinations/web/production/${_id}/replay`, { from });
  assert.equal(started.status, 201, JSON.stringify(started.body));
  await waitFor('all events again', () => receiver.events.length === KEYS.length);
  assert.deepEqual(receiver.events.map(({ id }) => id).sort(), before.events);
  for (const { id } of receiver.accepted) assert.ok(!before.batches.has(id), 'a receiver that drops known batches takes these');
});

test('the receiver that the setup help gives runs as it is, and refuses what is not signed', async (t) => {
  for (const config of [{}, { format: 'json', compression: 'gzip' }]) {
    const sluice = await managedServer(t);
    const { status, body: help } = await sluice.api('POST', 'destinations/web/production/policies', { kind: 'webhook', config });
    assert.equal(status, 200, JSON.stringify(help));
    assert.match(help.verify, /webhook-timestamp/);
    if (config.format === undefined) {
      const page = await readFile(path.join(repository, 'docs/destinations/webhook.md'), 'utf8');
      const indented = help.receiver.replace(/^(?=.)/gm, '   ');
      assert.ok(page.includes(`\`\`\`js\n${indented}`), 'the page has the same program');
    }
    const program = path.join(await temporaryFolder(t), 'receiver.mjs');
    await writeFile(program, help.receiver);
    const port = await freePort();
    const receiver = new Process('receiver', process.execPath, [program], {
      env: { PATH: process.env.PATH, PORT: String(port), WEBHOOK_SECRETS: `${OLD_SECRET} ${help.signingSecret}` },
    });
    t.after(() => receiver.stop('SIGKILL'));
    const url = `http://127.0.0.1:${port}/`;
    const forged = await waitFor('the receiver', () => fetch(url, { method: 'POST', body: '{}', headers: { 'webhook-id': 'a', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': 'v1,AAAA' } }));
    assert.equal(forged.status, 401);
    const made = await sluice.create({ ...config, url, auth: 'signature', signingSecrets: [help.signingSecret], linger: '50 ms' });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    await sluice.send(KEYS);
    await waitFor('all events', () => receiver.output.trimEnd().split('\n').length >= KEYS.length);
    const keys = receiver.output.trimEnd().split('\n').map((line) => line.split(' ').at(-1));
    assert.deepEqual(keys.sort(), [...KEYS].sort());
    const refused = await sluice.api('PATCH', `destinations/web/production/${made.body._id}`, [{ op: 'replace', path: '/config/signingSecrets', value: [SECRET] }]);
    assert.equal(refused.status, 200);
    await sluice.send(['not-taken']);
    await waitFor('the refusal', async () => (await sluice.api('GET', `destinations/web/production/${made.body._id}/status`)).body.problem?.code === 'http_401');
    assert.ok(!receiver.output.includes('not-taken'));
  }
});
