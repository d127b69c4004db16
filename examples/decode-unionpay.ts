// Decodes a frame of a UnionPay terminal, shows it masked, answers it, and shows what a broken frame says.
import { readFileSync } from 'node:fs';
import { Codec } from '../src/iso8583/index.ts';

const file = new URL('../firmware-profiles/base/unionpay-pos.json', import.meta.url);
const codec = Codec.of(JSON.parse(readFileSync(file, 'utf8')), { required: { '0210': [3, 11, 39, 41] } });

const frame = codec.frame(
  codec
    .build('0200')
    .set(2, '4242424242424242')
    .set(3, '000000')
    .set(4, 1234)
    .set(11, 101)
    .set(22, '021')
    .set(25, '00')
    .set(41, '10000001')
    .set(42, '898310148160001')
    .set(49, '156')
    .set(60, '22000001000'),
  { tpdu: '6000030000', header: '603100310000' },
);

const sale = codec.decodeFrame(frame).orThrow();
console.log(sale.explain());
console.log(`amount in fen: ${sale.number(4)}, batch: ${sale.get('60.2')}`);

const answer = sale.toResponse([3, 4, 11, 41, 42, 49]).set(39, '00');
console.log(JSON.stringify(codec.decode(answer.bytes())));

const broken = frame.slice();
broken[broken.length - 1] = 0xf0;
console.log(codec.decodeFrame(broken.subarray(0, -1)).fault?.cause);
console.log(codec.decode(broken.subarray(13, 30)).explain({ lang: 'zh' }));
