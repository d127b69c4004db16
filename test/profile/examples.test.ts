import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ok } from '../../src/fault.ts';
import { checkProfile } from '../../src/profile/profile.ts';
import { readShipped } from './shipped.ts';

/** First JSON block of a page: the part that its reader writes. */
function partOf(page: string): string {
  const text = readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8');
  return /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}

/** Findings of the shop of the pages, with these parts. */
function findings(bank: string, terminal: string): string[] {
  const shop = JSON.stringify({
    id: 'harbour',
    extends: ['iso8583-1987-binary-pos', 'acquirers/harbour-bank', 'terminals/counter-15'],
  });
  const own: Readonly<Record<string, string>> = {
    harbour: shop,
    'acquirers/harbour-bank': bank,
    'terminals/counter-15': terminal,
  };
  return checkProfile('harbour', name => (Object.hasOwn(own, name) ? ok(own[name]) : readShipped(name))).findings.map(
    ({ source, pointer }) => `${source} ${pointer}`,
  );
}

test('the worked examples have the mistakes that their pages correct, and no other', () => {
  const bank = partOf('new-acquirer');
  const terminal = partOf('new-terminal');
  expect(findings(bank, terminal).sort()).toEqual([
    'acquirers/harbour-bank /acquirer/reversal/finalCodes/2',
    'acquirers/harbour-bank /responses/N7/zh',
    'terminals/counter-15 /terminal/keymap/F4',
    'terminals/counter-15 /terminal/keys',
  ]);
  const rightBank = bank.replace('安全码错误请重试', '安全码错误').replace('"25", "N4"', '"25"');
  const rightTerminal = terminal.replace('"CANCEL", "F1", "F2", "F3"]', '"CANCEL", "CLEAR", "F1", "F2", "F3", "F4"]');
  expect(findings(rightBank, rightTerminal)).toEqual([]);
});
