import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/hal/hal.ts';
import { LOG_FIELDS, LOG_TEXT_MAX, maskText, openLog } from '../../src/node/log.ts';
import type { SystemLog } from '../../src/node/log.ts';

/** Card data of no real card. None of it may be found in a log, in any writing. */
const PAN = '6222021001098765431';
const SHORT_PAN = '4012888888881';
const TRACK2 = `${PAN}=25121010000012345678`;
const TRACK2_BCD = `${PAN}D25121010000012345678F`;
const TRACK1 = `B${PAN}^ZHANG/SAN^25121010000012345678`;
const PIN_BLOCK = '0612ACCD9A8F7E6B';
const KEY = '404142434445464748494A4B4C4D4E4F';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(name = 'log'): { log: SystemLog; text: () => string; lines: () => Record<string, unknown>[] } {
  const file = join(folder, name);
  const opened = openLog({ file });
  if (!opened.ok) throw new Error(opened.fault.cause);
  const text = (): string => readFileSync(file, 'utf8');
  return {
    log: opened.value,
    text,
    lines: () =>
      text()
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Every stretch of 7 digits of the canaries beyond the first 6 and last 4, which may be shown. */
function leaks(text: string): string[] {
  const found: string[] = [];
  const digits = text.replace(/[ .:-]/g, '');
  for (const secret of [PAN, SHORT_PAN, '25121010000012345678', PIN_BLOCK, KEY, 'ZHANG']) {
    const width = Math.min(7, secret.length);
    for (let at = 0; at + width <= secret.length; at++) {
      const part = secret.slice(at, at + width);
      if (digits.toUpperCase().includes(part)) found.push(part);
    }
  }
  return found;
}

describe('the log', () => {
  test('writes one JSON object a line, with level, time, fields and message', () => {
    const { log, lines } = open();
    log.info({ route: 'host:7000', attempt: 2, status: true }, 'connected');
    log.warn({}, 'slow');
    log.error({ fault: 'no-answer' }, 'no answer');
    const [first, second, third] = lines();
    expect(first).toMatchObject({ level: 'info', route: 'host:7000', attempt: 2, status: true, msg: 'connected' });
    expect(first.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(second.level).toBe('warn');
    expect(third).toMatchObject({ level: 'error', fault: 'no-answer' });
  });

  test('drops every field that is not on the list, and says how many', () => {
    const { log, lines, text } = open();
    const fields = { pan: PAN, track2: TRACK2, pin: '123456', stan: '000123', nested: { pan: PAN } };
    log.info(fields as unknown as LogFields, 'sale');
    expect(lines()[0]).toEqual({
      level: 'info',
      time: expect.any(String) as string,
      stan: '000123',
      droppedFields: 4,
      msg: 'sale',
    });
    expect(text()).not.toContain('123456');
  });

  test('objects, errors and lists do not pass under an allowed name either', () => {
    const { log, text, lines } = open();
    const fields = { cause: new Error(PAN), detail: [PAN], reason: { toString: () => PAN }, name: () => PAN };
    log.error(fields as unknown as LogFields, 'odd');
    expect(leaks(text())).toEqual([]);
    expect(lines()[0].droppedFields).toBe(4);
  });

  test('no canary gets through any allowed field or the message, in any writing', () => {
    const { log, text } = open();
    const grouped = PAN.replace(/(\d{4})(?=\d)/g, '$1 ');
    const writings = [
      PAN,
      SHORT_PAN,
      TRACK2,
      TRACK2_BCD,
      TRACK1,
      `;${TRACK2}?`,
      grouped,
      grouped.replaceAll(' ', '-'),
      `card=${PAN}, retry`,
      `x${PAN}y`,
      Buffer.from(TRACK2).toString('hex'),
      `${PAN}${PAN}`,
      `${PAN}0`.replace(/(..)(?=.)/g, '$1 '),
      `${PAN}0`.replace(/(..)(?=.)/g, '$1:'),
      PIN_BLOCK,
      `pinblock${PIN_BLOCK}`,
      PIN_BLOCK.replace(/(..)(?=.)/g, '$1 '),
      KEY,
      KEY.toLowerCase(),
      `key:${KEY}`,
      [...PAN].map(digit => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)).join(''),
    ];
    for (const writing of writings) {
      for (const name of LOG_FIELDS) log.info({ [name]: writing }, 'canary');
      log.info({}, `before ${writing} after`);
      log.info({ count: Number(PAN.slice(0, 16)), amountMinor: Number(SHORT_PAN), [writing]: 1 }, 'number');
    }
    expect(text().length).toBeGreaterThan(10_000);
    expect(
      leaks(
        text()
          .replaceAll(/[０-９]/g, d => String.fromCharCode(d.charCodeAt(0) - 0xfee0))
          .replace(/"time":"[^"]*"/g, ''),
      ),
    ).toEqual([]);
  });

  test('a card number cut by the length bound does not escape', () => {
    for (let before = 4 * LOG_TEXT_MAX - 25; before < 4 * LOG_TEXT_MAX; before++) {
      expect(leaks(maskText('x'.repeat(before) + PAN))).toEqual([]);
    }
    const masked = maskText(`${'x'.repeat(LOG_TEXT_MAX - 8)}${PAN}`);
    expect(masked).toHaveLength(LOG_TEXT_MAX + 1);
    expect(masked.endsWith('622202**…')).toBe(true);
  });

  test('what is no card data stays readable', () => {
    const texts = ['000123', '123456789012', '10.0.0.1:7000', '2026-11-22 08:30:00', 'E_TIMEOUT no-answer: 60000 ms'];
    for (const text of texts) expect(maskText(text)).toBe(text);
    expect(maskText(PAN)).toBe('622202*********5431');
    const digest = 'a3f1'.repeat(16);
    expect(maskText(digest, true)).toBe(digest);
    expect(maskText(digest)).toBe('[hex]');
  });

  test('the file belongs to its owner alone and is appended to', () => {
    open('kept').log.info({}, 'one');
    const again = open('kept');
    again.log.info({}, 'two');
    expect(again.lines().map(line => line.msg)).toEqual(['one', 'two']);
    expect(statSync(join(folder, 'kept')).mode & 0o777).toBe(0o600);
  });

  test('a file that cannot be opened is a fault with its name', () => {
    const opened = openLog({ file: join(folder, 'no', 'such', 'log') });
    expect(opened.ok).toBe(false);
    if (!opened.ok) expect(opened.fault.cause).toContain('ENOENT');
  });

  test('a full disk loses lines and nothing else: the program goes on and says so once', () => {
    const program = `
      const { openLog } = await import(${JSON.stringify(new URL('../../src/node/log.ts', import.meta.url).href)});
      const opened = openLog({ file: '/dev/full' });
      for (let i = 0; i < 3; i++) opened.value.info({}, 'line');
      process.stdout.write('failed ' + (opened.value.failures() > 0));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(run.stdout).toBe('failed true');
    expect(run.stderr.match(/cannot be written \(ENOSPC\)/g)).toHaveLength(1);
    expect(run.status).toBe(0);
  });
});
