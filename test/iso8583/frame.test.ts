import { describe, expect, test } from 'vitest';
import { detectMessage, type Detection } from '../../src/iso8583/detect.ts';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { FrameView, bodyOffset, requirementOf, sealFrame, swapTpdu } from '../../src/iso8583/frame.ts';
import type { DialectOptions } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { toHex } from '../../src/wire/hex.ts';
import { bytesOf, constructed, dialect, planWith } from './samples.ts';

const whole = { length: 'binary', tpdu: true, header: true } as const;
const tpdu = bytesOf('6000030000');
const header = bytesOf('603100310000');

function found(bytes: Uint8Array): Detection {
  const detection = detectMessage(dialect, bytes);
  if (!detection.ok) throw new Error(detection.fault.cause);
  return detection.value;
}

describe('frame', () => {
  const { bytes } = constructed[0];

  test('parts of a whole frame', () => {
    const frame = new FrameView();
    expect(frame.open(whole, bytes, 0, bytes.length)).toBe(Status.ok);
    expect([frame.tpdu, frame.header, frame.bodyStart, frame.bodyEnd]).toEqual([2, 7, 13, bytes.length]);
    expect(requirementOf(bytes, frame.header)).toBe(0);
    expect(requirementOf(bytesOf('603105310000'), 0)).toBe(5);
    expect(bodyOffset(whole)).toBe(13);
  });

  test('inside a larger buffer, and with parts left out', () => {
    const frame = new FrameView();
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 4);
    expect(frame.open(whole, larger, 4, 4 + bytes.length)).toBe(Status.ok);
    expect([frame.tpdu, frame.bodyStart, frame.bodyEnd]).toEqual([6, 17, 4 + bytes.length]);
    expect(frame.open({ length: false, tpdu: false, header: true }, bytes, 7, bytes.length)).toBe(Status.ok);
    expect([frame.tpdu, frame.header, frame.bodyStart]).toEqual([-1, 7, 13]);
  });

  test('a length that differs and a frame that is too short', () => {
    const frame = new FrameView();
    expect(frame.open(whole, bytes, 0, bytes.length - 1)).toBe(Status.frameLength);
    expect(frame.errorOffset).toBe(0);
    for (let end = 0; end < 23; end++) expect(frame.open(whole, bytes, 0, end)).toBe(Status.truncated);
    expect(frame.open(whole, bytes, 0, 23)).toBe(Status.frameLength);
  });

  test('sealing writes what stands before the body', () => {
    const out = new Uint8Array(40).fill(0xee);
    expect(sealFrame(whole, out, 3, 20, tpdu, header)).toBe(36);
    expect(toHex(out, 2, 17)).toBe('EE001F6000030000603100310000EE');
    expect(sealFrame({ length: false, tpdu: true, header: false }, out, 0, 20, tpdu, header)).toBe(25);
    expect(sealFrame(whole, out, 3, 25, tpdu, header)).toBe(-Status.overflow);
    expect(sealFrame(whole, new Uint8Array(70_000), 0, 65_525, tpdu, header)).toBe(-Status.overflow);
    expect(() => sealFrame(whole, out, 0, 1, header, header)).toThrow('TPDU');
  });

  test('the answer goes back to the source', () => {
    const bytesOfTpdu = bytesOf('6000061100');
    swapTpdu(bytesOfTpdu, 0);
    expect(toHex(bytesOfTpdu)).toBe('6011000006');
  });
});

describe('messages of unknown origin', () => {
  const fields = {
    3: '000000',
    11: '000101',
    22: '012',
    25: '00',
    41: '10000001',
    42: '898310148160001',
    60: '22000001000',
  };
  const build = (
    options: DialectOptions,
    more: Record<string, string>,
    pads: Record<string, number> = {},
  ): Uint8Array => {
    const out = new Uint8Array(2000);
    const end = encodeFields(planWith(options), '0200', { ...fields, ...more }, out, 13, pads);
    if (!end.ok) throw new Error(end.fault.cause);
    return out.slice(0, sealFrame(whole, out, 0, end.value - 13, tpdu, header));
  };

  test.each<[DialectOptions, Record<string, string>]>([
    [{ field48: 'text' }, { 48: 'tip:12' }],
    [{ field48: 'binary' }, { 48: '00FF17' }],
    [{ field40: 'binary' }, { 40: '00010203' }],
    [{ field63: 'longText' }, { 63: 'x'.repeat(300) }],
    [{ entryModeAlign: 'right' }, {}],
    [{ pinBlock: '16' }, { 52: '00112233445566778899AABBCCDDEEFF', 53: '2300000000000000' }],
    [
      { field48: 'text', field59: 'binary' },
      { 48: 'abc', 59: '000102', 62: '00' },
    ],
    [
      { field48: 'binary', field58: 'longBinary', field63: 'binary' },
      { 48: '0A0B0C', 58: '00'.repeat(200), 63: '0A' },
    ],
    [{ field60: 'text' }, { 60: '22000001000' }],
  ])('finds %j', (options, more) => {
    const detection = found(build(options, more));
    expect(detection.status).toBe(Status.ok);
    expect(detection.options).toEqual(options);
    for (const [f, text] of Object.entries({ ...fields, ...more })) expect(detection.view.text(Number(f))).toBe(text);
  });

  test('shows the fillers that the digits have', () => {
    const bytes = build({}, { 2: '6225000000000000017', 35: '62D28' }, { 2: 15, 35: 15 });
    expect(found(bytes).options).toEqual({ panPad: 'F', trackPad: 'F' });
    expect(found(build({}, { 35: '62D28' }, { 35: 0 })).options).toEqual({});
  });

  test('every part that stands before the body may be missing', () => {
    const bytes = build({}, {});
    const body = bytes.subarray(13);
    const part = (length: boolean, tpdu: boolean, header: boolean): Uint8Array => {
      const head = [...(tpdu ? bytes.subarray(2, 7) : []), ...(header ? bytes.subarray(7, 13) : [])];
      const size = head.length + body.length;
      return Uint8Array.of(...(length ? [size >> 8, size & 0xff] : []), ...head, ...body);
    };
    for (let n = 0; n < 8; n++) {
      const framing = { length: (n & 1) === 1 && 'binary', tpdu: (n & 2) === 2, header: (n & 4) === 4 };
      const detection = found(part(framing.length !== false, framing.tpdu, framing.header));
      expect(detection.status).toBe(Status.ok);
      expect(detection.framing).toEqual(framing);
    }
  });

  test('a cut frame keeps its framing and its fields', () => {
    const { bytes } = constructed[0];
    for (let end = 24; end < bytes.length; end++) {
      const detection = found(bytes.subarray(0, end));
      expect(detection.framing).toEqual(whole);
      expect(detection.status).toBe(Status.truncated);
      expect(detection.errorOffset).toBe(end);
    }
  });

  test('bytes after the frame are trailing; a length that is too great is named', () => {
    const bytes = build({}, {});
    const longer = Uint8Array.of(...bytes, 0x00, 0x01);
    expect(found(longer)).toMatchObject({ status: Status.trailing, errorOffset: bytes.length, framing: whole });
    const wrong = bytes.slice();
    wrong[1]++;
    expect(found(wrong)).toMatchObject({ status: Status.frameLength, errorOffset: 0, framing: whole });
  });

  test('bytes that are no message have a status and no exception', () => {
    for (const hex of ['', '00', '6000', 'FF'.repeat(40), '00'.repeat(40), '30'.repeat(100)]) {
      expect(found(bytesOf(hex)).status, hex).not.toBe(Status.ok);
    }
  });
});
