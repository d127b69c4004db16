import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FIELD_MAX, type DialectOptions } from '../../src/iso8583/plan.ts';
import {
  describeMessage,
  renderTree,
  type DescribeOptions,
  type Tree,
  type TreeNode,
} from '../../src/iso8583/describe.ts';
import { maskedText } from '../../src/iso8583/mask.ts';
import { columnsOf, encodeGbk } from '../../src/wire/gbk.ts';
import { captured, constructed, planWith, samples, type Sample } from '../iso8583/samples.ts';

const plan = planWith();
const masked: DescribeOptions = { clear: false, lang: 'en' };
const clear: DescribeOptions = { clear: true, lang: 'en' };

function viewOf(sample: Sample): MessageView {
  const view = new MessageView(plan);
  view.decode(sample.bytes, sample.bodyStart, sample.bytes.length);
  return view;
}

function build(mti: string, fields: Record<string, string>, options: DialectOptions = {}): MessageView {
  const using = planWith(options);
  const out = new Uint8Array(3000);
  const end = encodeFields(using, mti, fields, out);
  if (!end.ok) throw new Error(end.fault.cause);
  const view = new MessageView(using);
  view.decode(out, 0, end.value);
  return view;
}

function node(tree: Tree, key: string): TreeNode {
  const found = tree.nodes.find(each => each.key === key);
  if (found === undefined) throw new Error(`no node ${key}`);
  return found;
}

describe('masked', () => {
  test('no card number, track, PIN block, key or MAC of any sample is in the tree or in the texts', () => {
    for (const sample of samples) {
      const view = viewOf(sample);
      const secrets = ['35', '36', '52', '64', '14'].map(f => sample.fields[f]).filter(text => text !== undefined);
      const pan = sample.fields['2'] ?? sample.fields['35']?.split('D')[0];
      if (pan !== undefined) secrets.push(pan.slice(0, 9), pan);
      if (sample.fields['62']?.length === 80)
        secrets.push(sample.fields['62'].slice(0, 32), sample.fields['62'].slice(40, 56));
      const tree = renderTree(describeMessage(view, masked));
      const texts = Array.from({ length: FIELD_MAX + 1 }, (_, f) => (view.has(f) ? maskedText(view, f) : ''));
      for (const secret of secrets) {
        // Four digits may stand in an amount by chance, so an expiry is looked for in its own place only; zeros likewise.
        if (secret.length <= 4 || /^0+$/.test(secret)) continue;
        expect(tree, sample.kind).not.toContain(secret);
        for (const text of texts) expect(text, sample.kind).not.toContain(secret);
      }
      if (view.has(14)) expect(texts[14]).toBe('****');
      if (view.has(64)) expect(texts[64]).toBe('*'.repeat(16));
    }
  });

  test('card numbers as 6+4, marks with their length in both languages', () => {
    const view = viewOf(constructed[1]);
    expect(node(describeMessage(view, masked), '2').value).toBe('622500******0014');
    const sale = viewOf(constructed[0]);
    const en = describeMessage(sale, masked);
    expect(node(en, '35').value).toBe('[track, 37 digits]');
    expect(node(en, '52').value).toBe('[PIN, 8 bytes]');
    expect(node(en, '64').value).toBe('[MAC, 8 bytes]');
    expect(node(describeMessage(sale, { clear: false, lang: 'zh' }), '35').value).toBe('[磁道 37位]');
  });

  test('batch details show public parts and mask the number inside its zeros', () => {
    const view = viewOf(constructed[12]);
    expect(maskedText(view, 48)).toBe(
      '02' +
        '00000101' +
        '0000622500******0014' +
        '000000001234' +
        '00000102' +
        '0000622500******0014' +
        '000000001234',
    );
    const group = node(describeMessage(view, masked), '48').children[1];
    expect(group.children.map(each => each.value)).toEqual(['00', '000101', '0000622500******0014', '000000001234']);
  });

  test('a short or 19-digit number, alone or zero-filled to 20, shows no more than 6+4', () => {
    expect(maskedText(build('0200', { 2: '1234567890' }), 2)).toBe('**********');
    expect(maskedText(build('0200', { 2: '6210090000000000017' }), 2)).toBe('621009*********0017');
    const detail = `0100000101${'06210090000000000017'}000000000001`;
    const view = build('0320', { 48: detail, 60: '00000001201' });
    expect(maskedText(view, 48)).toBe('0100000101' + '0621009*********0017' + '000000000001');
  });

  test('chip data: known public tags are shown, card data and unknown tags are not, nested ones neither', () => {
    const hex = '9F3602031E' + '5A0A6210090000000000017F' + '57086225000000000014' + 'DF7A0211AA' + '7204' + '86021122';
    const view = build('0200', { 55: hex });
    expect(maskedText(view, 55)).toBe(
      '9F3602031E' + '5A0A621009*********0017F' + `5708${'*'.repeat(16)}` + 'DF7A02****' + '72048602****',
    );
    const tree = node(describeMessage(view, masked), '55');
    expect(tree.children.map(child => `${child.key} ${child.value}`)).toEqual([
      '9F36 031E',
      '5A 621009*********0017',
      '57 [track, 8 bytes]',
      'DF7A [hidden, 2 bytes]',
      '72 ',
    ]);
    expect(tree.children[4].children[0].value).toBe('[hidden, 2 bytes]');
  });

  test('of chip data that is cut no tag that a wrong length may have made is shown', () => {
    const hex = '9F3602031E' + '5A0A6210090000000000017F' + '57086225000000000014' + '9F4104';
    const view = build('0200', { 55: hex, 60: '22000001', 63: 'CUP' });
    expect([55, 60, 63].map(field => maskedText(view, field))).toEqual(['*'.repeat(hex.length), '********', '***']);
    const tree = describeMessage(view, masked);
    expect(node(tree, '55').children.map(child => `${child.key} ${child.value}`)).toEqual([
      '9F36 [doubtful, 2 bytes]',
      '5A [account number, 10 bytes]',
      '57 [track, 8 bytes]',
      'rest [hidden, 3 bytes]',
    ]);
    expect(node(tree, '60')).toMatchObject({ value: '[doubtful, 8 digits]', children: [] });
  });

  test('bytes between chip tags are hidden', () => {
    expect(maskedText(build('0200', { 55: '9F3602031E00009F270180' }), 55)).toBe('9F3602031E****9F270180');
  });

  test('tagged text: tags stay, codes of payers do not', () => {
    const view = viewOf(constructed[14]);
    expect(maskedText(view, 59)).toBe(`A3019${'*'.repeat(19)}`);
    expect(maskedText(viewOf(captured[4]), 59)).toBe('*'.repeat(153));
  });

  test('keys of a sign-on answer are hidden, their check values are not', () => {
    expect(maskedText(viewOf(constructed[8]), 62)).toBe(
      `${'*'.repeat(32)}00962B60${'*'.repeat(32)}ADC67D84${'*'.repeat(32)}E2F24340`,
    );
  });

  test('an undivided private field is hidden whole, whatever its type', () => {
    expect(maskedText(build('0200', { 48: '12345' }), 48)).toBe('*****');
    expect(maskedText(build('0200', { 57: 'abc' }), 57)).toBe('***');
    expect(maskedText(build('0200', { 48: 'ABCD' }, { field48: 'binary' }), 48)).toBe('****');
  });
});

describe('for people', () => {
  test('names, meanings, amounts and sub-fields', () => {
    const tree = describeMessage(viewOf(constructed[1]), { clear: false, lang: 'zh' });
    expect(node(tree, 'MTI')).toMatchObject({ value: '0210', note: '金融应答' });
    expect(node(tree, '4')).toMatchObject({ name: '交易金额', value: '000000001234', note: '12.34' });
    expect(node(tree, '60').children[0]).toMatchObject({ key: '60.1', value: '22', note: '消费' });
    expect(node(tree, '49').note).toBe('人民币');
  });

  test('Chinese text is shown as it is', () => {
    const text = String.fromCharCode(0x43, 0x55, 0x50, ...encodeGbk('交易成功'));
    expect(maskedText(build('0210', { 63: text }), 63)).toBe('CUP交易成功');
    expect(maskedText(build('0210', { 44: String.fromCharCode(...encodeGbk('工商银行')) }), 44)).toBe('工商银行');
  });

  test('clear shows everything', () => {
    const view = viewOf(constructed[0]);
    const tree = describeMessage(view, clear);
    for (const [f, text] of Object.entries(constructed[0].fields)) {
      expect(node(tree, f).value).toBe(text);
    }
    expect(node(tree, '64').note).toBe('"532E10F8"');
  });

  test('after an error the fields before it are there', () => {
    const { bytes, bodyStart } = constructed[0];
    const view = new MessageView(plan);
    view.decode(bytes, bodyStart, bytes.length - 12);
    const keys = describeMessage(view, masked).nodes.map(each => each.key);
    expect(keys).toEqual(['MTI', '', '3', '4', '11', '22', '25', '26', '35', '41', '42', '49', '52', '53']);
    view.decode(bytes, bodyStart, bodyStart + 1);
    expect(describeMessage(view, masked).nodes).toEqual([]);
    view.decode(bytes, bodyStart, bodyStart + 9);
    expect(describeMessage(view, masked).nodes).toHaveLength(1);
  });

  test('columns are aligned in half-width places', () => {
    const lines = renderTree(describeMessage(viewOf(constructed[1]), { clear: false, lang: 'zh' })).split('\n');
    const at = (text: string): number[] =>
      lines.filter(line => line.includes(text)).map(line => columnsOf(line.slice(0, line.indexOf(text))));
    expect(new Set([...at('000000001234'), ...at('622500******0014'), ...at('898310148160001')]).size).toBe(1);
    expect(lines.every(line => line === line.trimEnd())).toBe(true);
  });
});
