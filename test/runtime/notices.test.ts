import { describe, expect, test } from 'vitest';
import type { Outbox } from '../../src/hal/hal.ts';
import { open, paidSale, paper, refund } from '../scenarios/people.ts';

interface Told {
  readonly notice: number;
  readonly event: string;
  readonly lines: readonly string[];
  readonly refund?: { readonly tracking: string; readonly amountMinor: number; readonly card: string };
}

/** An outbox that keeps what it was given, and takes it or not. */
function mailbox(adapters: Outbox['adapters'] = ['file']): Outbox & { readonly told: Told[]; takes: boolean } {
  const told: Told[] = [];
  const box = {
    adapters,
    told,
    takes: true,
    deliver(_: string, text: string, done: (why?: string) => void) {
      told.push(JSON.parse(text) as Told);
      done(box.takes ? undefined : 'nobody is there');
    },
  };
  return box;
}

describe('notices', () => {
  test('an accepted refund is told once, with amount, way, numbers and due date, and no card number in clear', () => {
    const outbox = mailbox();
    const c = open({ outbox });
    paper(refund(paidSale(c, 10_000), 2, 4000));
    c.pause(60);
    expect(outbox.told.map(one => one.event)).toEqual(['accepted']);
    const [told] = outbox.told;
    expect(told.refund).toMatchObject({ amountMinor: 4000, card: '622500******0014' });
    expect(told.lines.join('\n')).toMatch(/已受理不等于已到账[\s\S]*40\.00[\s\S]*RF\d{6}[\s\S]*参考号/);
    expect(JSON.stringify(outbox.told)).not.toContain('6225000000000014');
    expect(c.journal.noticesWaiting()).toEqual([]);
  });

  test('what is not taken is tried again, later and later, and after a restart', () => {
    const outbox = mailbox();
    outbox.takes = false;
    const c = open({ outbox });
    paper(refund(paidSale(c, 10_000), 2, 4000));
    c.pause(60);
    const first = outbox.told.length;
    expect(first).toBeGreaterThan(0);
    c.pause(1800);
    expect(outbox.told.length).toBeGreaterThan(first);
    expect(new Set(outbox.told.map(one => one.notice)).size).toBe(1);
    expect(c.journal.noticesWaiting()).toHaveLength(1);
    c.crash();
    outbox.takes = true;
    c.start();
    c.pause(120);
    expect(c.journal.noticesWaiting()).toEqual([]);
  });

  test('one way that is down does not stop the other', () => {
    const outbox = mailbox(['file', 'webhook']);
    const { deliver } = outbox;
    outbox.deliver = (adapter, text, done) => (adapter === 'webhook' ? done('down') : deliver(adapter, text, done));
    const c = open({ outbox });
    paper(refund(paidSale(c, 10_000), 2, 4000));
    c.pause(60);
    expect(outbox.told).toHaveLength(1);
    expect(c.journal.noticesWaiting().map(one => one.adapter)).toEqual(['webhook']);
  });
});
