import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/freeze.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { answerLine } from '../../src/runtime/control.ts';
import { makeEntry } from '../../src/runtime/enter.ts';
import { readRequest } from '../../src/runtime/entries.ts';
import { KEY, open, seededEntropy, T0 } from '../journal/helpers.ts';

/** One switch for the terminals of a merchant. */

const SECRET = '246810';
let folder = '';
/** Journals that a counter has open. */
let running: Map<string, Journal>;
/** Answers of a counter that get lost, how many more. */
let lose = 0;
let requests = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-freeze-'));
  running = new Map();
  lose = 0;
  for (const name of ['a.db', 'b.db', 'c.db']) terminal(name);
  writeFileSync(join(folder, 'a.db.training.db'), '');
  writeFileSync(join(folder, 'a.db.training.db.key'), '');
  writeFileSync(join(folder, 'notes.txt'), '');
});
afterEach(() => {
  for (const journal of running.values()) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

function terminal(name: string, secret = SECRET): void {
  const journal = open({ path: at(name) });
  journal.setPassword(T0, '00', secret, '00');
  journal.close();
  writeFileSync(`${at(name)}.key`, '');
}

function counter(name: string): void {
  running.set(at(name), open({ path: at(name) }));
}

interface Ran {
  out: string;
  err: string;
  exit: number;
  asked: number;
}

function run(line: string, more: readonly string[] = []): Ran {
  const ran: Ran = { out: '', err: '', exit: 0, asked: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: path => openJournal({ path, readOnly: true }),
    openForEntry: path => openJournal({ path, sealKey: KEY, entropy: seededEntropy(9) }),
    hasCounter: path => running.has(path),
    askCounter(path, text, done) {
      const journal = running.get(path);
      const request = readRequest(text);
      if (!journal || !request.ok) return done(failed(fault('E_NOEXIST', 'control-missing', 'none', '')));
      const answer = answerLine(makeEntry(journal, request.value, { nowMs: T0 + 5000, way: 'counter' }));
      if (lose-- > 0) return done(failed(fault('E_TIMEOUT', 'control-lost', 'no answer', '')));
      done(ok(answer));
    },
    newRequest: () => String(++requests).padStart(32, '0'),
    after: (_, go) => go(),
    nowMs: () => T0 + 1000,
    readSecret: (_, done) => {
      ran.asked++;
      done(ok(SECRET));
    },
    fileNames: path => ok(readdirSync(path)),
    print: text => void (ran.out += `${text}\n`),
    printError: text => void (ran.err += `${text}\n`),
    setExit: status => void (ran.exit = status),
  });
  program.parse(['freeze', ...line.split(' ').filter(Boolean), ...more], { from: 'user' });
  return ran;
}

const frozen = (name: string): string | undefined => {
  const journal = open({ path: at(name), readOnly: true });
  const freeze = journal.refundsFrozen();
  journal.close();
  return freeze && (freeze.note ?? '');
};
const ALL = ['a.db', 'b.db', 'c.db'];

describe('pos8583 freeze', () => {
  test('all of a folder with one password, by file or by the running counter; status; lift', () => {
    counter('b.db');
    const ran = run('--all', [folder, '--reason', 'wrong refunds']);
    expect(ran).toMatchObject({ exit: 0, err: '', asked: 1 });
    expect(ran.out).toContain(`${at('a.db')}: refunds are switched off; sales and voids go on (into the journal file)`);
    expect(ran.out).toContain(
      `${at('b.db')}: refunds are switched off; sales and voids go on (by the running counter)`,
    );
    expect(ran.out).toContain('3 of 3 terminals');
    expect(ALL.map(frozen)).toEqual(Array(3).fill('wrong refunds'));
    const status = run('--status', ['--all', folder]);
    expect(status).toMatchObject({ exit: 0, asked: 0 });
    expect(status.out.match(/00 since .*: wrong refunds/g)).toHaveLength(3);
    expect(run('--lift', ['--journal', at('a.db'), at('b.db'), '--lang', 'zh']).out).toContain(
      '3 台'.replace('3', '2'),
    );
    expect(ALL.map(frozen)).toEqual([undefined, undefined, 'wrong refunds']);
  });

  test('one with another password and one that is no journal are named, the others are frozen; exit 1', () => {
    terminal('d.db', '135791');
    mkdirSync(at('e.db'));
    const ran = run('--all', [folder, '--journal', at('e.db'), '--reason', 'x']);
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/d\.db: NOT DONE: E_\w+ password-wrong/);
    expect(ran.err).toMatch(/e\.db: NOT DONE/);
    expect(ran.out).toContain('3 of 5 terminals');
    expect(ALL.map(frozen)).toEqual(['x', 'x', 'x']);
    expect(frozen('d.db')).toBeUndefined();
  });

  test('a counter without a socket is named with the keys; what is frozen already stays and counts as done', () => {
    run('--journal', [at('a.db'), '--reason', 'first']);
    const held = open({ path: at('c.db') });
    const ran = run('--all', [folder, '--reason', 'second', '--json']);
    held.close();
    expect(ran.exit).toBe(1);
    const rows = JSON.parse(ran.out) as {
      journal: string;
      state: string;
      before?: boolean;
      fault?: { remedy: string };
    }[];
    expect(rows).toMatchObject([
      { state: 'frozen', before: true },
      { state: 'frozen', way: 'journal' },
      { state: 'unknown' },
    ]);
    expect(rows[2].fault?.remedy).toContain('sign on as 00, then 0');
    expect(frozen('a.db')).toBe('first');
  });

  test('an answer that is lost is asked for again, and the entry made once; one that never comes says which request', () => {
    counter('a.db');
    lose = 1;
    expect(run('--journal', [at('a.db'), '--reason', 'x'])).toMatchObject({ exit: 0, err: '' });
    const journal = running.get(at('a.db'));
    expect(journal?.recordsOfKinds(['refunds-frozen'])).toHaveLength(1);
    lose = 1000;
    const lost = run('--lift', ['--journal', at('a.db')]);
    expect(lost.exit).toBe(1);
    expect(lost.err).toMatch(/control-lost.*--request 0{20}/);
    lose = 0;
    const request = /--request (\d+)/.exec(lost.err)?.[1] ?? '';
    expect(run('--lift', ['--journal', at('a.db'), '--request', request])).toMatchObject({ exit: 0, asked: 1 });
    expect(journal?.recordsOfKinds(['refunds-freed'])).toHaveLength(1);
  });

  test.each([
    ['no reason', '--journal a.db'],
    ['two wishes', '--journal a.db --lift --status'],
    ['a reason to lift', '--journal a.db --lift --reason x'],
    ['no journal', '--reason x'],
    ['a request that is none', '--journal a.db --reason x --request 12'],
  ])('%s: flags, nothing asked', (_, line) => {
    expect(run(line)).toMatchObject({ exit: 2, asked: 0, out: '' });
  });
});
