// Reads server-sent events as a browser does, with Node's fetch.
import { waitFor } from './wait.js';

// {events: [{id, event, data}], lastId, comments, ended, status, close(), until(what, condition)}
export async function openEventStream(t, url, headers) {
  const abort = new AbortController();
  const stream = { events: [], comments: 0, ended: false, lastId: undefined, close: () => abort.abort() };
  t.after(() => abort.abort());
  const response = await fetch(url, { headers: { Accept: 'text/event-stream', ...headers }, signal: abort.signal });
  stream.status = response.status;
  stream.type = response.headers.get('content-type');
  if (response.status !== 200) {
    stream.body = await response.json();
    return stream;
  }
  stream.until = (what, condition) => waitFor(what, async () => condition(stream));
  const take = (block) => {
    const fields = {};
    for (const line of block.split('\n')) {
      const [, name, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [undefined, line, ''];
      if (name === '') stream.comments++;
      else fields[name] = value;
    }
    if (fields.id !== undefined) stream.lastId = fields.id;
    if (fields.data !== undefined) stream.events.push({ id: stream.lastId, event: fields.event ?? 'message', data: JSON.parse(fields.data) });
  };
  (async () => {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of response.body) {
        text += decoder.decode(chunk, { stream: true });
        for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) take(text.slice(0, end));
      }
    } catch { /* closed from this side, or cut off */ }
    stream.ended = true;
  })();
  return stream;
}
