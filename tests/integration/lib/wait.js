// Waiting for a condition, never for a time.
import { setTimeout as sleep } from 'node:timers/promises';

// Polls until `condition` returns something true, and returns that. A condition that throws is not met yet; what it
// last threw or returned is told when the time is over. An error marked `fatal` ends the wait at once.
export async function waitFor(what, condition, { timeoutMs = 20_000, everyMs = 25 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last;
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      if (error.fatal) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${seen}`);
    }
    await sleep(everyMs);
  }
}
