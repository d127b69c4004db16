import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flashPad, newerTables, padLines } from '../../src/cli/flash/pad.ts';
import { RecordLength, emvTables } from '../../src/flash/tables.ts';
import type { EmvTables } from '../../src/profile/emv.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { PadRig, tableProfile } from './pad-rig.ts';

/** One field of a record: its name, how many characters, and what they are. */
type Field = readonly [name: string, width: number, kind: 'N' | 'H' | 'A'];

const HEAD: readonly Field[] = [
  ['length', 3, 'N'],
  ['kind', 1, 'N'],
  ['acquirer', 2, 'N'],
  ['index', 2, 'A'],
];
// prettier-ignore
const APPLICATION: readonly Field[] = [
  ...HEAD, ['aidLength', 2, 'N'], ['aid', 32, 'H'], ['type', 2, 'N'], ['label', 16, 'A'], ['standard', 2, 'N'],
  ['version1', 4, 'H'], ['version2', 4, 'H'], ['version3', 4, 'H'], ['country', 3, 'N'], ['currency', 3, 'N'],
  ['exponent', 1, 'N'], ['merchant', 15, 'A'], ['category', 4, 'N'], ['terminal', 8, 'A'], ['capabilities', 6, 'H'],
  ['additional', 10, 'H'], ['terminalType', 2, 'N'], ['tacDefault', 10, 'H'], ['tacDenial', 10, 'H'],
  ['tacOnline', 10, 'H'], ['floor', 8, 'H'], ['transactionCategory', 1, 'A'], ['tapZero', 1, 'N'], ['tapMode', 1, 'N'],
  ['tapLimit', 8, 'H'], ['tapFloor', 8, 'H'], ['tapCvm', 8, 'H'], ['tapVersion', 4, 'H'], ['selection', 1, 'N'],
  ['tdol', 40, 'H'], ['ddol', 40, 'H'], ['codes', 8, 'A'],
];
const TAP: readonly Field[] = [['tapDefault', 10, 'H'], ['tapDenial', 10, 'H'], ['tapOnline', 10, 'H']]; // prettier-ignore
const TAP_TERMINAL: readonly Field[] = [
  ['tapCapabilities', 6, 'H'],
  ['phone', 1, 'N'],
  ['tapAdditional', 10, 'H'],
  ['phoneLimit', 8, 'H'],
  ['scripts', 1, 'N'],
];
const KEY: readonly Field[] = [
  ...HEAD,
  ['rid', 10, 'H'],
  ['keyIndex', 2, 'H'],
  ['spare', 2, 'N'],
  ['exponentLength', 1, 'N'],
  ['exponent', 6, 'H'],
  ['modulusLength', 3, 'N'],
  ['modulus', 496, 'H'],
  ['hasSum', 1, 'N'],
  ['sum', 40, 'H'],
  ['zeros', 42, 'N'],
];
const REVOKED: readonly Field[] = [...HEAD, ['rid', 10, 'H'], ['keyIndex', 2, 'H'], ['serial', 6, 'H']];
const CHARACTERS = { N: /^\d*$/, H: /^[0-9A-F]*$/, A: /^[\x20-\x7e]*$/ };

/** Reads a record field by field; what does not fit its kind or is left over throws. */
function decode(bytes: Uint8Array): Record<string, string> {
  const text = Buffer.from(bytes).toString('latin1');
  const fields =
    text[3] === '2'
      ? KEY
      : text[3] === '3'
        ? REVOKED
        : [...APPLICATION, ...(text.length > 284 ? TAP : []), ...(text.length > 314 ? TAP_TERMINAL : [])];
  const out: Record<string, string> = {};
  let at = 0;
  for (const [name, width, kind] of fields) {
    const value = text.slice(at, at + width);
    if (value.length !== width || !CHARACTERS[kind].test(value)) throw new Error(`${name} at ${at}: "${value}"`);
    out[name] = value;
    at += width;
  }
  if (at !== text.length || Number(out.length) !== text.length)
    throw new Error(`${text.length} characters, ${at} read`);
  return out;
}

const hex = (bytes: number) =>
  fc.array(fc.constantFrom(...'0123456789ABCDEF'), { minLength: 2 * bytes, maxLength: 2 * bytes }).map(d => d.join(''));
const number = (width: number) => fc.nat(10 ** width - 1).map(value => String(value).padStart(width, '0'));
const amount = fc.nat(0xffff_ffff);
const codes = fc.record({ default: hex(5), denial: hex(5), online: hex(5) });
const tap = fc.record(
  {
    mode: fc.constantFrom('1', '3', '5', '9'),
    zeroAmount: fc.boolean(),
    transactionLimitMinor: amount,
    floorLimitMinor: amount,
    cvmLimitMinor: amount,
    version: hex(2),
    actionCodes: codes,
    terminal: fc.record({
      capabilities: hex(3),
      additionalCapabilities: hex(5),
      phoneVerifies: fc.boolean(),
      phoneLimitMinor: amount,
      issuerScripts: fc.boolean(),
    }),
  },
  { requiredKeys: ['mode', 'zeroAmount', 'transactionLimitMinor', 'floorLimitMinor', 'cvmLimitMinor', 'version'] },
);
const application = fc.record(
  {
    rid: hex(5),
    pix: fc.integer({ min: 0, max: 11 }).chain(hex),
    type: number(2),
    label: fc.constantFrom('VISA', 'UNIONPAY CREDIT', 'X', 'SIXTEEN LETTERS '),
    versions: fc.array(hex(2), { minLength: 1, maxLength: 3 }),
    terminalCapabilities: hex(3),
    additionalCapabilities: hex(5),
    terminalType: number(2),
    actionCodes: codes,
    floorLimitMinor: amount,
    transactionCategory: fc.constantFrom('R', ' ', 'Z'),
    transactionObjects: fc.array(fc.constantFrom('9A03', '9F3704', '9F0206', '9505'), { maxLength: 6 }),
    dynamicObjects: fc.array(fc.constantFrom('9F3704', '9C01'), { maxLength: 3 }),
    contactless: tap.filter(({ terminal, actionCodes }) => terminal === undefined || actionCodes !== undefined),
  },
  {
    requiredKeys: [
      ...(['rid', 'pix', 'type', 'label', 'versions', 'terminalCapabilities', 'additionalCapabilities'] as const),
      ...(['terminalType', 'actionCodes', 'floorLimitMinor', 'transactionCategory'] as const),
      ...(['transactionObjects', 'dynamicObjects'] as const),
    ],
  },
);
const tables = fc.record({
  name: fc.constantFrom('UPTEST', 'SHOP01'),
  acquirer: fc.integer({ min: 1, max: 99 }),
  country: number(3),
  categoryCode: number(4),
  applications: fc.array(application, { minLength: 1, maxLength: 5 }),
  publicKeys: fc.array(
    fc.record({
      rid: hex(5),
      index: hex(1),
      exponent: fc.constantFrom('03' as const, '010001' as const),
      modulus: fc.constantFrom(64, 96, 128, 144, 176, 247, 248).chain(hex),
      sha1: hex(20),
    }),
    { maxLength: 4 },
  ),
  revoked: fc.array(fc.record({ rid: hex(5), index: hex(1), serial: hex(3) }), { maxLength: 4 }),
}) as fc.Arbitrary<EmvTables>;

const base = tableProfile();
const withTables = (emv: EmvTables, version = 1): Profile => ({ ...base, version, emv });
const yes = (value: boolean): string => (value ? '1' : '0');
const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

describe('records', () => {
  test('every field of every record says what the profile says', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 9999 }), (emv, version) => {
        const load = emvTables(withTables(emv, version))!;
        expect(load.version).toBe(emv.name + String(version).padStart(4, '0'));
        const read = load.records.map(decode);
        const kinds = read.map(({ kind }) => kind).join('');
        expect(kinds).toBe('2'.repeat(emv.publicKeys.length) + '3'.repeat(emv.revoked!.length) + '1'.repeat(emv.applications.length)); // prettier-ignore
        for (const record of read) expect(Number(record.acquirer)).toBe(emv.acquirer);
        emv.publicKeys.forEach((key, i) => {
          const r = read[i];
          expect(r.index).toBe(String(i + 1).padStart(2, '0'));
          expect([r.rid, r.keyIndex, r.sum, r.hasSum, r.spare]).toEqual([key.rid, key.index, key.sha1, '1', '00']);
          expect(r.exponent.slice(0, 2 * Number(r.exponentLength))).toBe(key.exponent);
          expect(r.modulus.slice(0, 2 * Number(r.modulusLength))).toBe(key.modulus);
          expect(r.modulus.slice(key.modulus.length) + r.zeros).toMatch(/^0*$/);
        });
        emv.revoked!.forEach((entry, i) => {
          const r = read[emv.publicKeys.length + i];
          expect([r.rid, r.keyIndex, r.serial]).toEqual([entry.rid, entry.index, entry.serial]);
        });
        emv.applications.forEach((a, i) => {
          const r = read[emv.publicKeys.length + emv.revoked!.length + i];
          const aid = a.rid + a.pix;
          expect(r.aid.slice(0, 2 * Number(r.aidLength))).toBe(aid);
          expect(r.aid.slice(aid.length)).toMatch(/^0*$/);
          expect([r.type, r.label, r.standard]).toEqual([a.type, a.label.padEnd(16), '03']);
          const last = a.versions.at(-1)!;
          expect([r.version1, r.version2, r.version3]).toEqual([
            a.versions[0],
            a.versions[1] ?? last,
            a.versions[2] ?? last,
          ]);
          expect([r.country, r.currency, r.exponent]).toEqual([emv.country, base.acquirer.currency, '2']);
          expect([r.merchant, r.category, r.terminal]).toEqual([
            base.merchant.merchantNo,
            emv.categoryCode,
            base.merchant.terminalNo,
          ]);
          expect([r.capabilities, r.additional, r.terminalType]).toEqual([
            a.terminalCapabilities,
            a.additionalCapabilities,
            a.terminalType,
          ]);
          expect([r.tacDefault, r.tacDenial, r.tacOnline]).toEqual(Object.values(a.actionCodes));
          expect([r.floor, r.transactionCategory]).toEqual([hex8(a.floorLimitMinor), a.transactionCategory]);
          expect(r.tdol).toBe(a.transactionObjects.join('').padEnd(40, '0'));
          expect(r.ddol).toBe(a.dynamicObjects.join('').padEnd(40, '0'));
          expect([r.selection, r.codes]).toEqual(['0', 'Y1Z1Y3Z3']);
          const c = a.contactless;
          expect([r.tapZero, r.tapMode, r.tapLimit, r.tapFloor, r.tapCvm, r.tapVersion]).toEqual(
            c === undefined
              ? ['0', '0', '00000000', '00000000', '00000000', '0000']
              : [
                  yes(c.zeroAmount),
                  c.mode,
                  hex8(c.transactionLimitMinor),
                  hex8(c.floorLimitMinor),
                  hex8(c.cvmLimitMinor),
                  c.version,
                ],
          );
          const lengths = [RecordLength.contact, RecordLength.contactless, RecordLength.contactlessTerminal];
          const which = (c?.actionCodes === undefined ? 0 : 1) + (c?.terminal === undefined ? 0 : 1);
          expect(Number(r.length)).toBe(lengths[which]);
          if (c?.actionCodes) expect([r.tapDefault, r.tapDenial, r.tapOnline]).toEqual(Object.values(c.actionCodes));
          if (c?.terminal)
            expect([r.tapCapabilities, r.phone, r.tapAdditional, r.phoneLimit, r.scripts]).toEqual([
              c.terminal.capabilities,
              yes(c.terminal.phoneVerifies),
              c.terminal.additionalCapabilities,
              hex8(c.terminal.phoneLimitMinor),
              yes(c.terminal.issuerScripts),
            ]);
        });
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  test('a profile without tables has none', () => {
    const { emv: _, ...without } = base;
    expect(emvTables(without)).toBeUndefined();
  });
});

describe('a load into a pad', () => {
  test('what the profile has is in the pad, in order, and the version is read back', async () => {
    const rig = new PadRig();
    await rig.connect();
    const result = await rig.run(flashPad({ device: rig.device, profile: base }));
    expect(result.ok && result.value.tables).toEqual({
      change: 'loaded',
      before: '',
      version: 'UPTEST0001',
      publicKeys: 6,
      revoked: 0,
      applications: 7,
    });
    const wanted = emvTables(base)!.records.map(record => Buffer.from(record).toString('latin1'));
    expect(rig.terminal.tables.content).toEqual(wanted);
    expect(rig.terminal.tables.currentVersion).toBe('UPTEST0001');
    // What a strict pad says of a card: acquirer 01, its second application, credit.
    expect(rig.terminal.tables.find('A000000333010102')).toBe('010201');
    // Keys one by one (611 of 999 bytes), the first application with the last key, the other six three at a time.
    expect(rig.commands.filter(name => name.startsWith('TL'))).toEqual(['TLI', ...Array<string>(8).fill('TLR'), 'TLE']);
    expect(rig.commands.slice(rig.commands.indexOf('TLE') + 1)).toContain('GIX');
    expect(result.ok && padLines(result.value).join('\n')).toContain(
      'EMV tables UPTEST0001: loaded and read back (7 applications, 6 keys, 0 revoked certificates); before: none',
    );
  });

  test('the same again loads nothing, --again loads, a dry run only says', async () => {
    const rig = new PadRig();
    await rig.connect();
    await rig.run(flashPad({ device: rig.device, profile: base }));
    rig.commands.length = 0;
    const same = await rig.run(flashPad({ device: rig.device, profile: base }));
    expect(same.ok && same.value.tables.change).toBe('same');
    expect(rig.commands).toEqual([]);
    const dry = await rig.run(flashPad({ device: rig.device, profile: tableProfile({}, 2), dryRun: true }));
    expect(dry.ok && dry.value.tables).toMatchObject({
      change: 'would-load',
      before: 'UPTEST0001',
      version: 'UPTEST0002',
    });
    expect(rig.commands).toEqual([]);
    const again = await rig.run(flashPad({ device: rig.device, profile: base, again: true }));
    expect(again.ok && again.value.tables.change).toBe('loaded');
    expect(rig.commands).toContain('TLE');
  });

  test.for(['TLI', 'TLR', 'TLE'])('the line is gone at each %s in turn: the old tables stay', async what => {
    const next = tableProfile({}, 2);
    const count = what === 'TLR' ? 8 : 1;
    for (let at = 1; at <= count; at++) {
      const rig = new PadRig();
      await rig.connect();
      await rig.run(flashPad({ device: rig.device, profile: base }));
      const old = rig.terminal.tables.content;
      let seen = 0;
      let cut = false;
      rig.toPad = name => {
        if (name === what && ++seen === at) cut = true;
        return !cut;
      };
      const result = await rig.run(flashPad({ device: rig.device, profile: next }));
      expect(result.ok).toBe(false);
      expect(rig.terminal.tables.content).toEqual(old);
      expect(rig.terminal.tables.currentVersion).toBe('UPTEST0001');
      rig.toPad = () => true;
      const info = await rig.connect();
      expect(info.tableVersion).toBe('UPTEST0001');
      const repeated = await rig.run(flashPad({ device: rig.device, profile: next }));
      expect(repeated.ok && repeated.value.tables).toMatchObject({ change: 'loaded', version: 'UPTEST0002' });
    }
  });

  test('an answer to TLE that is lost: the report says which tables are in force', async () => {
    const rig = new PadRig();
    await rig.connect();
    let lost = 0;
    rig.toHost = answer => {
      const lose = answer.startsWith('TLE000') && lost < 4;
      if (lose) lost++;
      return !lose;
    };
    const result = await rig.run(flashPad({ device: rig.device, profile: base }));
    expect(lost).toBeGreaterThan(0);
    expect(!result.ok && result.fault.cause).toContain('the terminal has tables UPTEST0001');
  });

  test('a refused record: the fault says so and that the old tables are there', async () => {
    const rig = new PadRig();
    await rig.connect();
    await rig.run(flashPad({ device: rig.device, profile: base }));
    const broken = withTables({ ...base.emv!, applications: [{ ...base.emv!.applications[0], rid: 'A00000033X' }] }, 3);
    const result = await rig.run(flashPad({ device: rig.device, profile: broken }));
    expect(!result.ok && result.fault.name).toBe('table-refused');
    expect(!result.ok && result.fault.cause).toContain('the terminal has tables UPTEST0001, as before');
  });

  test('a pad that keeps another version than it was given is found out', async () => {
    const rig = new PadRig();
    await rig.connect();
    const { tables } = rig.terminal;
    const end = tables.end.bind(tables);
    tables.end = () => {
      end();
      tables.open('00', 'OTHER00001');
      end();
    };
    const result = await rig.run(flashPad({ device: rig.device, profile: base }));
    expect(!result.ok && result.fault.name).toBe('pad-version');
  });

  test('only newer tables of the same name count as installed', () => {
    const profile = tableProfile({}, 3);
    const held = (tableVersion: string) => newerTables({ tableVersion }, profile).installed?.version;
    expect(['UPTEST0004', 'UPTEST0003', 'UPTEST0002', 'OTHERS0004', 'UPTESTX004', ''].map(held)).toEqual([
      4,
      ...Array<undefined>(5).fill(undefined),
    ]);
    expect(newerTables({ tableVersion: 'UPTEST9999' }, profile).installed).toEqual({ id: 'pad', version: 9999 });
  });

  test('a profile with nothing for a pad is refused with the way out', async () => {
    const rig = new PadRig();
    await rig.connect();
    const { emv: _, ...without } = base;
    const result = await rig.run(flashPad({ device: rig.device, profile: without }));
    expect(!result.ok && result.fault).toMatchObject({ name: 'pad-nothing' });
    expect(!result.ok && result.fault.remedy).toContain('base/emv-tables');
  });
});
