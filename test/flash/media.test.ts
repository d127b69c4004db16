import { describe, expect, test } from 'vitest';
import { flashPad, padLines } from '../../src/cli/flash/pad.ts';
import { mediaName, planPictures } from '../../src/flash/media.ts';
import { PICTURES_LENGTH_MAX, picturesOf, withPictures, type Picture } from '../../src/profile/emv-media.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { Refusal } from '../../src/sim/terminal/command.ts';
import { Stat } from '../../src/sim/terminal/status.ts';
import { PNG, PadRig, tableProfile } from './pad-rig.ts';

/** A picture of `length` bytes that begins like a GIF. */
function gif(length: number, seed = 1): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff);
  bytes.set(Buffer.from('GIF89a'));
  return bytes;
}

const FILES: Readonly<Record<string, Uint8Array>> = { 'logo.png': PNG, 'art/promo.gif': gif(5000) };
const MEDIA = {
  idle: 'LOGO',
  pictures: { LOGO: { file: 'logo.png' }, PROMO24: { file: 'art/promo.gif' } },
};

function padProfile(version = 1, files = FILES): Profile {
  const profile = withPictures(tableProfile({ media: MEDIA }, version), file =>
    files[file] ? ok(files[file]) : failed(fault('E_NOEXIST', 'file-missing', file, '')),
  );
  if (!profile.ok) throw new Error(profile.fault.cause);
  return profile.value;
}

describe('names', () => {
  const logo: Picture = { name: 'LOGO', type: 'PNG', bytes: PNG };

  test('seven characters and a suffix', () => {
    expect(mediaName('LOGO', 'A')).toBe('LOGO000A');
    expect(mediaName('PROMO24', 'B')).toBe('PROMO24B');
  });

  test.for([
    [[], 'LOGO000A', undefined, false],
    [['LOGO000A'], 'LOGO000B', 'LOGO000A', true],
    [['LOGO000B', 'OTHER00A'], 'LOGO000A', 'LOGO000B', true],
    [['LOGO000B', 'LOGO000A'], 'LOGO000B', 'LOGO000A', false],
  ] as const)('with %j there', ([held, name, old, settled]) => {
    expect(planPictures([logo], held)).toEqual([{ picture: logo, name, old, settled }]);
  });
});

describe('pictures of a profile', () => {
  test('the bytes go into the profile and come out of it', () => {
    const found = picturesOf(padProfile());
    expect(found.ok && found.value.map(({ name, type, bytes }) => [name, type, bytes.length])).toEqual([
      ['LOGO', 'PNG', PNG.length],
      ['PROMO24', 'GIF', 5000],
    ]);
    expect(found.ok && Buffer.compare(found.value[1].bytes, FILES['art/promo.gif'])).toBe(0);
    // An image is read without its files.
    const again = withPictures(padProfile(), file => failed(fault('E_NOEXIST', 'file-missing', file, '')));
    expect(again).toEqual(ok(padProfile()));
  });

  test.for([
    ['file-missing', {}],
    ['media-format', { ...FILES, 'logo.png': Uint8Array.of(1, 2, 3) }],
    ['media-too-long', { ...FILES, 'art/promo.gif': gif(65_537) }],
  ] as const)('%s', ([name, files]) => {
    const result = withPictures(tableProfile({ media: MEDIA }), file =>
      Object.hasOwn(files, file)
        ? ok((files as Record<string, Uint8Array>)[file])
        : failed(fault('E_NOEXIST', 'file-missing', file, '')),
    );
    expect(!result.ok && result.fault.name).toBe(name);
  });

  test('too much together; bytes that are not there', () => {
    const pictures = Object.fromEntries([1, 2, 3, 4, 5].map(i => [`P${i}`, { file: `${i}.gif` }]));
    const all = withPictures(tableProfile({ media: { pictures } }), () => ok(gif(60_000)));
    expect(!all.ok && all.fault.cause).toContain(String(PICTURES_LENGTH_MAX));
    const bare = picturesOf(tableProfile({ media: MEDIA }));
    expect(!bare.ok && bare.fault.name).toBe('media-bytes-missing');
  });
});

describe('a load into a pad', () => {
  const held = (rig: PadRig): string[] => [...rig.terminal.media.names].sort();

  test('first A, then B and the old one is deleted after the new one was shown; the idle picture stays', async () => {
    const rig = new PadRig();
    await rig.connect();
    const steps: string[] = [];
    const first = await rig.run(
      flashPad({
        device: rig.device,
        profile: padProfile(),
        progress: ({ what, name, sentBytes, totalBytes }) => steps.push(`${what} ${name} ${sentBytes}/${totalBytes}`),
      }),
    );
    expect(first.ok && first.value.pictures.map(({ name, change }) => `${name} ${change}`)).toEqual([
      'LOGO000A loaded',
      'PROMO24A loaded',
    ]);
    expect(held(rig)).toEqual(['LOGO000A', 'PROMO24A']);
    expect(rig.terminal.media.get('PROMO24A')).toEqual(FILES['art/promo.gif']);
    expect(rig.terminal.media.shown).toBe('LOGO000A');
    expect(steps).toContain('picture PROMO24 1990/5000');
    expect(steps.at(-1)).toMatch(/^tables UPTEST0001 (\d+)\/\1$/);
    // Pictures before tables: the version says that all of it is there.
    expect(rig.commands.indexOf('MLE')).toBeLessThan(rig.commands.indexOf('TLI'));

    await rig.connect();
    const second = await rig.run(flashPad({ device: rig.device, profile: padProfile(2) }));
    expect(held(rig)).toEqual(['LOGO000B', 'PROMO24B']);
    expect(rig.terminal.media.shown).toBe('LOGO000B');
    expect(rig.commands.filter(name => /^(ML|DM|DS)/.test(name)).join(' ')).toBe(
      'MLI MLR MLE DSI DMF MLI MLR MLR MLR MLE DSI DMF',
    );
    expect(second.ok && padLines(second.value)).toContain(
      `picture LOGO: loaded and read back as LOGO000B (${PNG.length} bytes), LOGO000A deleted`,
    );

    await rig.connect();
    const same = await rig.run(flashPad({ device: rig.device, profile: padProfile(2) }));
    expect(same.ok && same.value.pictures.map(({ change, name }) => `${name} ${change}`)).toEqual([
      'LOGO000B same',
      'PROMO24B same',
    ]);
    expect(rig.commands).toEqual(['LMF', 'CLX']);
  });

  test('the line is gone at any command: one whole picture is always there, and the next flash sets it right', async () => {
    const next = { 'logo.png': gif(300, 9), 'art/promo.gif': gif(4000, 5) };
    const [before, after] = [padProfile(), padProfile(2, next)];
    const walk = new PadRig();
    await walk.connect();
    await walk.run(flashPad({ device: walk.device, profile: before }));
    await walk.connect();
    await walk.run(flashPad({ device: walk.device, profile: after }));
    const commands = walk.commands.length;
    expect(commands).toBeGreaterThan(20);
    for (const side of ['toPad', 'toHost'] as const) {
      for (let at = 1; at <= commands; at++) {
        const rig = new PadRig();
        await rig.connect();
        await rig.run(flashPad({ device: rig.device, profile: before }));
        await rig.connect();
        let seen = 0;
        rig.toPad = name => {
          if (name !== '') seen++;
          return side === 'toHost' || seen < at;
        };
        rig.toHost = () => side === 'toPad' || seen < at;
        const cut = await rig.run(flashPad({ device: rig.device, profile: after }));
        for (const name of ['LOGO000', 'PROMO24'])
          expect(
            held(rig).some(one => one.startsWith(name)),
            `${side} ${at}: ${name}`,
          ).toBe(true);
        const { content, currentVersion } = rig.terminal.tables;
        expect(content.length, `${side} ${at}`).toBe(13);
        // Only a flash that got to its end, or lost no more than the farewell, may have changed the version.
        if (cut.ok) expect(currentVersion).toBe('UPTEST0002');
        rig.toPad = () => true;
        rig.toHost = () => true;
        await rig.connect();
        const repeated = await rig.run(flashPad({ device: rig.device, profile: after }));
        expect(repeated.ok, `${side} ${at}`).toBe(true);
        expect(rig.terminal.tables.currentVersion).toBe('UPTEST0002');
        const [logo, promo] = held(rig);
        expect(held(rig), `${side} ${at}`).toHaveLength(2);
        expect(rig.terminal.media.get(logo), `${side} ${at}`).toEqual(next['logo.png']);
        expect(rig.terminal.media.get(promo), `${side} ${at}`).toEqual(next['art/promo.gif']);
      }
    }
  });

  test('a damaged picture is refused by the pad and the old one stays', async () => {
    const rig = new PadRig();
    await rig.connect();
    await rig.run(flashPad({ device: rig.device, profile: padProfile() }));
    await rig.connect();
    const { media } = rig.terminal;
    const add = media.add.bind(media);
    media.add = parts => add(parts.map(part => part.map(byte => byte ^ 1)));
    const result = await rig.run(flashPad({ device: rig.device, profile: padProfile(2) }));
    expect(!result.ok && result.fault.name).toBe('media-damaged');
    expect(!result.ok && result.fault.cause).toContain('the terminal has tables UPTEST0001, as before');
    expect(held(rig)).toEqual(['LOGO000A', 'PROMO24A']);
  });

  test('a picture that the pad cannot show deletes nothing', async () => {
    const rig = new PadRig();
    await rig.connect();
    await rig.run(flashPad({ device: rig.device, profile: padProfile() }));
    await rig.connect();
    rig.terminal.media.show = name => {
      throw new Refusal(Stat.mediaFormat, name);
    };
    const result = await rig.run(flashPad({ device: rig.device, profile: padProfile(2) }));
    expect(!result.ok && result.fault.name).toBe('media-format');
    expect(held(rig)).toEqual(['LOGO000A', 'LOGO000B', 'PROMO24A']);
    expect(rig.commands).not.toContain('DMF');
    expect(rig.terminal.tables.currentVersion).toBe('UPTEST0001');
  });

  test('a pad that forgets a picture after taking it is found out', async () => {
    const rig = new PadRig();
    await rig.connect();
    const { media } = rig.terminal;
    const show = media.show.bind(media);
    media.show = name => {
      show(name);
      media.delete([name]);
    };
    const result = await rig.run(flashPad({ device: rig.device, profile: padProfile() }));
    expect(!result.ok && result.fault.name).toBe('media-not-held');
  });
});

describe('the store of the virtual pad', () => {
  async function answers(...commands: readonly Uint8Array[]): Promise<string[]> {
    const rig = new PadRig();
    await rig.connect();
    const out: string[] = [];
    const { media } = rig.device;
    for (const bytes of commands)
      out.push(
        await rig.run(
          new Promise<string>(resolve =>
            media.load(
              { name: 'X', type: 1, bytes },
              () => undefined,
              r => resolve(r.ok ? 'ok' : r.fault.name),
            ),
          ),
        ),
      );
    return out;
  }

  test('holds half a mebibyte', async () => {
    expect(await answers(new Uint8Array(524_288), new Uint8Array(524_289), new Uint8Array(0))).toEqual([
      'ok',
      'parameter-refused',
      'argument-invalid',
    ]);
  });

  test('a name that is not there, a name that is none', async () => {
    const rig = new PadRig();
    await rig.connect();
    const run = (call: (done: (r: { ok: boolean; fault?: { name: string } }) => void) => void): Promise<string> =>
      rig.run(new Promise<string>(resolve => call(r => resolve(r.ok ? 'ok' : r.fault!.name))));
    expect(await run(done => rig.device.media.show('NONE', done))).toBe('media-missing');
    expect(await run(done => rig.device.media.delete(['NONE'], done))).toBe('media-missing');
    expect(await run(done => rig.device.media.show('none', done))).toBe('argument-invalid');
    expect(await run(done => rig.device.media.list(done))).toBe('ok');
  });
});
