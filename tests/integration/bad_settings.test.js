// Bad input for each field of each kind of destination, drawn from what the server says that its kinds have: 400, the field by its name,
// what was expected, and nothing saved or changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sluice } from './lib/sluice.js';

const ROLE = 'arn:aws:iam::123456789012:role/sluice-export';
const KEY = '12345678';

// The least that each kind takes.
const LEAST = {
  kinesis: { region: 'us-east-1', streamName: 'flags' },
  s3: { region: 'us-east-1', bucket: 'acme-flag-events' },
  'launchdarkly-events': {},
  webhook: { url: 'https://hooks.example.com/events' },
};
// What a field needs beside it.
const BESIDE = {
  streamArn: { streamName: undefined },
  externalId: { roleArn: ROLE },
  recordBytes: { encoding: 'ndjson' },
  signingSecrets: { auth: 'signature' },
  token: { auth: 'bearer' },
  username: { auth: 'basic', password: KEY },
  password: { auth: 'basic', username: 'sluice' },
};

const LONG = 'x'.repeat(100_000);
const OF_ANY_TYPE = { 'a table': { a: 1 }, 'a list of numbers': [1], null: null };
const NO_TEXT = { ...OF_ANY_TYPE, 'a number': 7, 'true or false': true };
const NO_AMOUNT = { ...OF_ANY_TYPE, words: 'very many', nothing: '', negative: -1, 'a fraction': 1.5, 'too large': 1e15, 'too long': LONG };
// By the type of the field.
const BAD = {
  text: { ...NO_TEXT, 'too long': LONG, 'a line end': 'a\nb' },
  secret: { ...NO_TEXT, 'too long': LONG, 'a line end': 'a\nb' },
  region: { ...NO_TEXT, nothing: '', words: 'not a region', 'a line end': 'eu-west-1\n' },
  choice: { ...NO_TEXT, nothing: '', 'no choice': 'no such choice', 'too long': LONG },
  boolean: { ...OF_ANY_TYPE, 'a number': 7, words: 'yes', nothing: '' },
  number: NO_AMOUNT,
  size: NO_AMOUNT,
  duration: NO_AMOUNT,
  texts: { ...NO_TEXT, words: 'one', 'a list of nothing': [''], 'too long': [LONG] },
  pairs: { ...NO_TEXT, words: 'one', 'no colon': ['X-Team'], 'a line end': ['X-Team: a\r\nX-B: c'], 'too long': [`X-Team: ${LONG}`] },
};
const NO_ADDRESS = {
  'no URL': 'hooks.example.com', 'another scheme': 'ftp://example.com/', 'a user name': 'https://user:s3cr3t@example.com/', 'no host': 'https://',
  'a private address': 'https://10.1.2.3/', 'this machine': 'https://127.0.0.1:9/', 'this machine, IPv6': 'https://[::1]/',
  'a mapped address': 'https://[::ffff:10.1.2.3]/', 'the metadata service': 'https://169.254.169.254/', 'http': 'http://example.com/',
};
const NO_ARN = { 'no ARN': 'sluice-export', 'an ARN of another service': 'arn:aws:sqs:us-east-1:123456789012:queue', 'an ARN without account': 'arn:aws:iam:::role/x' };
// By the name of the field.
const BAD_BY_KEY = {
  endpoint: NO_ADDRESS, stsEndpoint: NO_ADDRESS, eventsUri: NO_ADDRESS, mobileUri: NO_ADDRESS, url: NO_ADDRESS,
  roleArn: NO_ARN, streamArn: NO_ARN,
  streamName: { 'no name': 'a b', 'an ARN': 'arn:aws:kinesis:us-east-1:123456789012:stream/flags' },
  bucket: { 'a URL': 's3://acme', 'upper case': 'Acme', 'an ARN': 'arn:aws:s3:::acme', 'too short': 'ab', 'too long': 'a'.repeat(64) },
  prefix: { 'an empty part': 'a//b', 'a way up': 'a/../b' },
  keyTemplate: { 'no variables': '{prefix}/x', 'an unknown variable': '{prefix}/{node}-{first}-{last}-{moon}' },
  kmsKeyId: { words: 'my own key' },
  storageClass: { 'small letters': 'standard' },
  expectedBucketOwner: { 'no account': 'acme' },
  signingSecrets: { 'no secret': ['secret'], three: Array(3).fill('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') },
  headers: { 'a header of the connection': ['Host: a'], 'too many': Array.from({ length: 33 }, (_, i) => `X-${i}: a`) },
  username: { 'a colon': 'a:b' },
  site: { 'another site': 'example.com' },
};
// A bad one is told of the template that it stands in.
const NAMED_AS = { node: 'keyTemplate' };

test('each bad value of each field of each kind is refused by the field\'s name, and nothing is saved', { timeout: 120_000 }, async (t) => {
  const sluice = await Sluice.start(t, { managed: true, env: { SLUICE_OUTBOUND_ALLOWED: '' } });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production' }] });
  const { body: { items: kinds } } = await sluice.api('GET', 'destination-kinds');
  assert.deepEqual(kinds.map(({ kind }) => kind).sort(), Object.keys(LEAST).sort(), 'this test knows each kind');
  const wrong = [];
  let tried = 0;
  for (const { kind, form: { fields } } of kinds) {
    const { status, body: saved } = await sluice.api('POST', 'destinations/web/production', { kind, config: LEAST[kind] });
    assert.equal(status, 201, JSON.stringify(saved));
    const at = `destinations/web/production/${saved._id}`;
    const before = JSON.stringify((await sluice.api('GET', at)).body);
    for (const { key, type, required } of fields) {
      assert.ok(BAD[type], `this test knows no bad value of the type ${type}`);
      const bad = { ...BAD[type], ...BAD_BY_KEY[key], ...(required && { missing: undefined, empty: type === 'text' ? '' : undefined }) };
      for (const [what, value] of Object.entries(bad)) {
        const name = `${kind} ${key} ${what}`;
        const config = { ...LEAST[kind], ...BESIDE[key], [key]: value };
        const answers = [await sluice.api('POST', 'destinations/web/production', { kind, config, name: 'bad' })];
        if (value !== undefined) answers.push(await sluice.api('PATCH', at, [{ op: 'add', path: `/config/${key}`, value }]));
        if (tried++ % 10 === 0) answers.push(await sluice.api('POST', 'destinations/web/production/check', { kind, config }));
        for (const { status: answered, body } of answers) {
          const named = [key, NAMED_AS[key], what === 'too long' && 'keyTemplate'].some((field) => String(body?.message).includes(`config.${field}: `));
          if (answered !== 400 || !named) wrong.push(`${name}: ${answered} ${String(body?.message).slice(0, 200)}`);
          if (String(body?.message).includes('s3cr3t')) wrong.push(`${name} shows a password`);
        }
      }
    }
    for (const [field, hint] of [['spare', /Unknown setting/], ['Region', /Unknown setting/], [`${fields[0].key}s`, new RegExp(`Did you mean ${fields[0].key}\\?`)]]) {
      const { status: answered, body } = await sluice.api('POST', 'destinations/web/production', { kind, config: { ...LEAST[kind], [field]: 'x' } });
      if (answered !== 400 || !body.message.includes(`config.${field}: `) || !hint.test(body.message)) wrong.push(`${kind} ${field}: ${answered} ${body.message}`);
    }
    assert.equal(JSON.stringify((await sluice.api('GET', at)).body), before, 'what is saved is unchanged');
  }
  assert.deepEqual(wrong, []);
  const { body: { items } } = await sluice.api('GET', 'destinations');
  assert.equal(items.length, kinds.length, 'nothing bad was saved');
  t.diagnostic(`${tried} bad values of ${kinds.reduce((sum, { form }) => sum + form.fields.length, 0)} fields of ${kinds.length} kinds`);
});
