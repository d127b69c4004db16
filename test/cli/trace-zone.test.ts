import { describe, expect, test } from 'vitest';
import { zoneNamed } from '../../src/cli/trace/zone.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { Recorded, run, saleRequest } from './trace-bench.ts';

describe('the clock of the shop', () => {
  test.each([
    ['Asia/Shanghai', '2026-11-22T14:03:22Z', '2026-11-22 22:3:22'],
    ['Asia/Shanghai', '2026-12-31T16:00:00Z', '2027-1-1 0:0:0'],
    ['Asia/Kathmandu', '2026-11-22T14:03:22Z', '2026-11-22 19:48:22'],
    // The last second of summer time, and the first after it.
    ['Europe/Berlin', '2026-10-25T00:59:59Z', '2026-10-25 2:59:59'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', '2026-10-25 2:0:0'],
    ['UTC', '1970-01-01T00:00:00Z', '1970-1-1 0:0:0'],
  ])('%s at %s', (name, utc, told) => {
    const at = zoneNamed(name)?.local(Date.parse(utc));
    expect(at && `${at.year}-${at.month}-${at.day} ${at.hour}:${at.minute}:${at.second}`).toBe(told);
  });

  test('one clock goes on from hour to hour', () => {
    const zone = zoneNamed('Europe/Berlin');
    const hours = ['00:59', '01:00', '01:14', '01:15'].map(at => zone?.local(Date.parse(`2026-10-25T${at}:00Z`)));
    expect(hours.map(at => at && [at.hour, at.minute])).toEqual([
      [2, 59],
      [2, 0],
      [2, 14],
      [2, 15],
    ]);
    expect(zone?.local(Date.parse('2026-07-01T12:00:00Z')).hour).toBe(14);
    expect(zone?.local(Date.parse('2026-12-01T12:00:00Z')).hour).toBe(13);
  });

  test('one that nobody knows', () => {
    expect(zoneNamed('Asia/Atlantis')).toBeUndefined();
  });

  const session = (zone: string): Uint8Array =>
    new Recorded()
      .bytes(Kind.session, new TextEncoder().encode(JSON.stringify({ version: '1', zone })))
      .out(saleRequest('000001', '000000000100'))
      .file();

  test('times are those that the cashier saw, also in --from', async () => {
    const files = { it: session('Asia/Shanghai') };
    const { lines } = await run(['view', 'it'], { files });
    expect(lines[1]).toBe('-- 2026-11-22 Asia/Shanghai');
    expect(lines[2]).toMatch(/^ {5}1 {2}22:03:22\.000 {2}→/);
    expect((await run(['view', 'it', '--from', '22:03:22', '--json'], { files })).lines).toHaveLength(1);
    expect((await run(['view', 'it', '--from', '22:03:23', '--json'], { files })).lines).toHaveLength(0);
    expect((await run(['timeline', 'it'], { files })).lines[1]).toBe('-- 2026-11-22 Asia/Shanghai');
  });

  test('without one that is known: the clock of this computer', async () => {
    const { lines } = await run(['view', 'it'], { files: { it: session('Asia/Atlantis') } });
    expect(lines[1]).toBe('-- 2026-11-22');
  });
});
