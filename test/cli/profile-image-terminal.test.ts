import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { register } from '../../src/cli/sim-terminal.ts';
import type { Console } from '../../src/node/console.ts';
import { makeKeyPair, readSigningKey } from '../../src/node/key-files.ts';
import { openSlotFile } from '../../src/node/slot-file.ts';
import { imageDigest } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { SLOT_MEMORY_LENGTH } from '../../src/sim/terminal/slot-memory.ts';
import { Slots } from '../../src/sim/terminal/slots.ts';
import { signed, small, value } from '../profile/image-world.ts';

let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'terminal-image-'));
  value(makeKeyPair(at('shop')));
  value(makeKeyPair(at('other')));
  const key = value(readSigningKey(at('shop.key')));
  writeFileSync(at('plain.p8583'), buildImage(small(1)));
  for (const version of [1, 2]) writeFileSync(at(`${version}.p8583`), signed(small(version), undefined, key));
  writeFileSync(at('long.p8583'), new Uint8Array((1 << 20) + 1));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `sim terminal` until it ends; one that is ready on its line is told to stop. */
function started(...args: readonly string[]): Promise<{ status: number; ready: boolean; error: string }> {
  return new Promise(resolve => {
    const outcome = { status: -1, ready: false, error: '' };
    let stop = (): void => {};
    const end = (status = 0): never => {
      outcome.status = status;
      resolve(outcome);
      return undefined as never;
    };
    const console: Console = {
      args: [],
      variable: () => undefined,
      print: text => {
        outcome.ready = text.startsWith('terminal ready on ');
        if (outcome.ready) stop();
      },
      write: () => {},
      printError: text => void (outcome.error = text),
      isTerminal: () => false,
      columns: () => 80,
      setExitStatus: status => end(status),
      exit: end,
      readInput: () => {},
      onStop: stopped => {
        stop = () => stopped('SIGINT');
        return () => {};
      },
      onFailure: () => {},
    };
    const program = new Command();
    register(program, console);
    program.parse(['terminal', '--quiet', ...args], { from: 'user' });
  });
}

const PANEL = ['--model', 'PANEL', '--firmware', '1.10'] as const;

/** What a terminal with this state file holds. */
function held(state: string): readonly (Uint8Array | undefined)[] {
  const slots = new Slots(() => 0, value(openSlotFile(at(state), SLOT_MEMORY_LENGTH)));
  return [slots.digest('A'), slots.digest('B')];
}

test('a new terminal comes with an image that it has checked', async () => {
  const shop = ['--trust', at('other.pub'), '--trust', at('shop.pub')] as const;
  const cases: readonly (readonly [error: string, args: readonly string[]])[] = [
    ['(122)', [...PANEL, ...shop, '--image', at('plain.p8583')]],
    ['(122)', [...PANEL, '--trust', at('other.pub'), '--image', at('1.p8583')]],
    ['(121)', [...PANEL, ...shop, '--image', at('shop.pub')]],
    ['(124)', [...shop, '--image', at('1.p8583')]],
    ['(124)', [...PANEL, '--firmware', '9', ...shop, '--image', at('1.p8583')]],
    ['a slot holds 1048576', ['--image', at('long.p8583')]],
    ['--image: E_NOEXIST', ['--image', at('none.p8583')]],
    ['--trust: E_ILLEGAL key-file-wrong', ['--trust', at('shop.key')]],
    ['--model: give', ['--model', 'M'.repeat(21)]],
    ['--firmware: give', ['--firmware', '']],
  ];
  for (const [error, args] of cases) {
    const outcome = await started(...args, '--state', at('refused'));
    expect(outcome, args.join(' ')).toMatchObject({ status: 2, ready: false });
    expect(outcome.error).toContain(error);
  }
  expect(held('refused')).toEqual([undefined, undefined]);

  const first = await started(...PANEL, ...shop, '--image', at('1.p8583'), '--state', at('state'));
  expect(first).toEqual({ status: 0, ready: true, error: '' });
  const key = value(readSigningKey(at('shop.key')));
  const digest = imageDigest(signed(small(1), undefined, key));
  expect(held('state')).toEqual([digest, undefined]);
  // It is not new any more: what it holds stays.
  expect((await started(...PANEL, ...shop, '--image', at('2.p8583'), '--state', at('state'))).ready).toBe(true);
  expect(held('state')).toEqual([digest, undefined]);
  // Without keys it believes what it gets, as a bench does.
  expect((await started('--image', at('plain.p8583'))).ready).toBe(true);
});
