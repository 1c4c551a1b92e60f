// A Lambda function on a Kinesis event source: runtime nodejs22.x or later, handler `lambda.handler`, event source mapping as in
// ../event-source-mapping.json. docs/consume.md says how to set it up.
import { eventsOf } from './records.mjs';
import { RecentIds } from './recent_ids.mjs';

// Replace this by what your function is for. It can get an event twice, from another instance of the function or long after: store
// each under its event.id. Here, each event is a line of JSON in CloudWatch Logs.
async function store(events) {
  const lines = events.map(({ line }) => `${line}\n`).join('');
  await new Promise((resolve, reject) => { process.stdout.write(lines, (error) => (error ? reject(error) : resolve())); });
}

const fault = (message, record, error) => console.error(JSON.stringify({ message, record: record.eventID, error: error.message }));

// `store(events)` resolves when they are stored for good.
export function handlerFor(store, recent = new RecentIds()) {
  return async ({ Records }) => {
    const events = [];
    // The first record that failed. Lambda tries again from it on, and gives it up alone: BisectBatchOnFunctionError.
    let failed;
    for (const record of Records) {
      try {
        events.push(...eventsOf(Buffer.from(record.kinesis.data, 'base64')));
      } catch (error) {
        fault('Record cannot be read', record, error);
        failed = record;
        break;
      }
    }
    const fresh = recent.fresh(events);
    try {
      if (fresh.length > 0) await store(fresh);
      recent.add(fresh);
    } catch (error) {
      failed = Records[0];
      fault('Events cannot be stored', failed, error);
    }
    return { batchItemFailures: failed ? [{ itemIdentifier: failed.kinesis.sequenceNumber }] : [] };
  };
}

export const handler = handlerFor(store);
