// A dialect of one's own, written as code: the compiler then knows its fields and what each takes and gives.
import { Codec, type DialectSource } from '../src/iso8583/index.ts';

const loyalty = {
  // No length, TPDU or header before a message.
  framing: { length: false, tpdu: false, header: false },
  mti: 'bcd',
  bitmap: 'binary',
  // Lengths are one or two bytes of plain binary; everything else is as it is when nothing is said: packed digits, ASCII.
  defaults: { length: 'binary' },
  fields: {
    3: { name: { zh: '交易码', en: 'transaction' }, type: 'n', length: 'fixed', max: 6, class: 'public' },
    4: { name: { zh: '积分', en: 'points' }, type: 'n', length: 'fixed', max: 12, fill: 'zero', class: 'public' },
    41: { name: { zh: '终端', en: 'terminal' }, type: 'ans', length: 'fixed', max: 8, fill: 'space', class: 'public' },
    48: { name: { zh: '会员', en: 'member' }, type: 'ans', length: 'lll', max: 300, class: 'private' },
    62: { name: { zh: '签名', en: 'signature' }, type: 'b', length: 'lll', max: 300, class: 'private' },
  },
  options: {},
  subfields: {
    48: [
      {
        parts: [
          { id: '48.1', name: { zh: '等级', en: 'level' }, length: 1, class: 'public' },
          { id: '48.2', name: { zh: '会员号', en: 'member number' }, class: 'private' },
        ],
      },
    ],
  },
  tags: {},
} as const satisfies DialectSource;

const codec = Codec.of(loyalty);
const bytes = codec
  .build('0200')
  .set(3, '910000')
  .set(4, 250)
  .set(41, 'SHOP7')
  .set(48, 'G王小明0042')
  .set(62, Uint8Array.of(1, 2, 3))
  .bytes();
const message = codec.decode(bytes).orThrow();

const points: number | undefined = message.number(4);
const signature: Uint8Array | undefined = message.get(62);
// message.get(5) does not compile: the dialect has no field 5. Neither does .set(62, 1): bytes are no number.
console.log(message.explain());
console.log(points, signature?.length, message.get('48.1'), message.get('48.2'));
