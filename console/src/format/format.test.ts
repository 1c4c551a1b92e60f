import { describe, expect, it } from 'vitest';
import { bytes } from './bytes';
import { duration, inWords } from './durations';
import { counted, grouped, money, percent, rate, short } from './numbers';
import { localInput, relative, toMs } from './times';

describe('numbers', () => {
  it('groups', () => expect(grouped(1234567)).toBe('1,234,567'));
  it('shortens only what is long', () => expect([short(9999), short(123456), short(3400000)]).toEqual(['9,999', '123.5K', '3.4M']));
  it('shows the digits of a rate that matter', () =>
    expect([0, 0.001, 0.25, 3.44, 128.4, 12345].map(rate)).toEqual(['0', '<0.01', '0.25', '3.4', '128', '12,345']));
  it('survives odd rates', () => expect([Number.NaN, -1].map(rate)).toEqual(['0', '0']));
  it('rounds percents down, so that 100% is the end', () =>
    expect([0, 0.004, 0.5, 0.999, 1, 2].map(percent)).toEqual(['0%', '<1%', '50%', '99%', '100%', '100%']));
  it('counts in words', () => expect([counted(1, 'event'), counted(2000, 'event'), counted(2, 'retry', 'retries')]).toEqual(['1 event', '2,000 events', '2 retries']));
  it('shows money', () => expect([money(1.5), money(1234.5)]).toEqual(['$1.50', '$1,235']));
});

describe('bytes', () => {
  it('uses binary units', () => expect([0, 512, 1024, 1.5 * 1024 ** 2, 250 * 1024 ** 3, 3 * 1024 ** 5].map(bytes)).toEqual(['0 B', '512 B', '1.0 KiB', '1.5 MiB', '250 GiB', '3.0 PiB']));
  it('survives nothing', () => expect([bytes(Number.NaN), bytes(-5)]).toEqual(['0 B', '0 B']));
});

describe('durations', () => {
  it('shows the two largest units', () =>
    expect([340, 12_000, 200_000, 7_500_000, 356_400_000].map(duration)).toEqual(['340 ms', '12 s', '3 min 20 s', '2 h 5 min', '4 d 3 h']));
  it('omits an empty second unit', () => expect([duration(60_000), duration(3_600_000)]).toEqual(['1 min', '1 h']));
  it('has words', () => expect([inWords(86_400_000), inWords(7_200_000)]).toEqual(['1 day', '2 hours']));
});

describe('times', () => {
  const now = Date.parse('2026-05-04T10:00:00Z');
  it('are relative', () =>
    expect([now - 500, now - 12_000, now - 180_000, now - 7_200_000, now - 172_800_000, now + 300_000].map((ms) => relative(ms, now)))
      .toEqual(['just now', '12 s ago', '3 min ago', '2 h ago', '2 days ago', 'in 5 min']));
  it('come as ms or ISO, or not at all', () => {
    expect(toMs('2026-05-04T10:00:00Z')).toBe(now);
    expect(toMs(now)).toBe(now);
    expect([toMs(null), toMs(''), toMs(0), toMs('x')]).toEqual([null, null, null, null]);
  });
  it('go into inputs as local time', () => expect(new Date(localInput(now)).getTime()).toBe(now));
});
