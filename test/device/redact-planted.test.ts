import { afterEach, expect, test, vi } from 'vitest';
import { standInOf } from '../../src/card/stand-in.ts';
import { Pp, Spe } from '../../src/device/ids.ts';
import { LineRedactor } from '../../src/device/redact.ts';
import { LineAction } from '../../src/device/redact-values.ts';
import { Random } from '../fuzz/random.ts';
import { canariesOf, cardOf, found } from '../trace/redact-world.ts';
import { frame } from './bench.ts';
import { answersOf, commandsOf } from './redact-world.ts';

/** One value that the table would call public by mistake; 0 = none. */
const planted = vi.hoisted(() => ({ id: 0, command: 0 }));

vi.mock('../../src/device/redact-values.ts', async original => {
  const real = await original<typeof import('../../src/device/redact-values.ts')>();
  return {
    ...real,
    actionOf: (name: number, id: number, toTerminal: boolean): number =>
      id === planted.id ? real.LineAction.stay : real.actionOf(name, id, toTerminal),
    formOf: (name: number, toTerminal: boolean): number =>
      name === planted.command ? real.Form.open : real.formOf(name, toTerminal),
  };
});

afterEach(() => Object.assign(planted, { id: 0, command: 0 }));

function leaks(): number {
  const random = new Random(5);
  let count = 0;
  for (let i = 0; i < 20; i++) {
    const card = cardOf(random);
    for (const way of ['toTerminal', 'fromTerminal'] as const) {
      const redactor = new LineRedactor(standInOf(new Uint8Array(16).fill(1)), way);
      for (const packet of way === 'toTerminal' ? commandsOf(card) : answersOf(card)) {
        const bytes = frame(packet);
        redactor.take(bytes, 0, bytes.length);
        count += found(bytes, canariesOf(card)).length;
      }
    }
  }
  return count;
}

test('without a mistake nothing leaks', () => {
  expect(LineAction.stay).toBe(1);
  expect(leaks()).toBe(0);
});

test.each(
  Object.entries({
    track1: Pp.track1,
    track2: Pp.track2,
    track3: Pp.track3,
    pan: Pp.pan,
    cardholder: Pp.cardholder,
    emvData: Pp.emvData,
    pinBlock: Pp.pinBlock,
    dataOut: Pp.dataOut,
    wrappedKey: Spe.wrappedKey,
    dataIn: Spe.dataIn,
    emvDataOut: Spe.emvData,
  }),
)('value %s called public is found', (_, id) => {
  planted.id = id;
  expect(leaks()).toBeGreaterThan(10);
});

test.each(['GPN', 'OPN', 'YYY'])('the blocks of %s called public are found', name => {
  planted.command = (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
  expect(leaks()).toBeGreaterThan(10);
});
