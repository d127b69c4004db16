/** Ways in which a secret could come out, for plants: from digits, or from bytes. */
export type Encoding = (secret: string | Uint8Array) => Uint8Array;

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const plain = (secret: string | Uint8Array): Uint8Array => (typeof secret === 'string' ? latin1(secret) : secret);
/** Bytes have no digits: where a form needs text they are hexadecimal. */
const textOf = (secret: string | Uint8Array): string =>
  typeof secret === 'string' ? secret : Buffer.from(secret).toString('hex').toUpperCase();
const packed = (secret: string | Uint8Array): Uint8Array =>
  typeof secret === 'string'
    ? Uint8Array.from(Buffer.from(secret.length % 2 === 0 ? secret : `${secret}F`, 'hex'))
    : secret;
const base64 =
  (before: string): Encoding =>
  secret =>
    latin1(Buffer.from([...latin1(before), ...plain(secret), 0x21]).toString('base64'));
const grouped = (secret: string | Uint8Array, mark: string): string =>
  textOf(secret).replace(/.{4}(?=.)/g, `$&${mark}`);

export const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'as it is': plain,
  packed,
  'packed from the second half byte': secret =>
    typeof secret === 'string'
      ? Uint8Array.from(Buffer.from(`D${secret}${secret.length % 2 === 0 ? 'F' : ''}`, 'hex'))
      : secret,
  'hex, capitals': secret => latin1(Buffer.from(plain(secret)).toString('hex').toUpperCase()),
  'hex, small': secret => latin1(Buffer.from(packed(secret)).toString('hex')),
  'hex behind a half byte': secret => latin1(`F${Buffer.from(plain(secret)).toString('hex')}`),
  base64: base64(''),
  'base64, one byte on': base64('>'),
  'base64, two bytes on': base64('>>'),
  'base64 behind letters': secret => latin1(`abc${Buffer.from(plain(secret)).toString('base64url')}`),
  'UTF-16, small end first': secret => Uint8Array.from(Buffer.from(textOf(secret), 'utf16le')),
  'UTF-16, large end first': secret => Uint8Array.from(Buffer.from(textOf(secret), 'utf16le').swap16()),
  'full width in GBK': secret =>
    typeof secret === 'string' ? Uint8Array.from([...secret].flatMap(digit => [0xa3, 0xb0 + Number(digit)])) : secret,
  'full width in UTF-8': secret =>
    typeof secret === 'string'
      ? Uint8Array.from(Buffer.from([...secret].map(digit => String.fromCodePoint(0xff10 + Number(digit))).join('')))
      : secret,
  EBCDIC: secret => (typeof secret === 'string' ? latin1(secret).map(char => char + 0xc0) : secret),
  backwards: secret => plain(secret).slice().reverse(),
  'packed, backwards': secret =>
    packed(secret)
      .slice()
      .reverse()
      .map(byte => (byte << 4) | (byte >> 4)),
  'every four digits a blank': secret => latin1(grouped(secret, ' ')),
  'every four digits a dash': secret => latin1(grouped(secret, '-')),
  'escaped, JSON': secret =>
    latin1([...plain(secret)].map(byte => `\\u00${byte.toString(16).padStart(2, '0')}`).join('')),
  'characters as UTF-8': secret => Uint8Array.from(Buffer.from(Buffer.from(packed(secret)).toString('latin1'), 'utf8')),
  'split lines': secret => latin1(grouped(secret, '\r\n    ')),
  'a list of bytes': secret => latin1(JSON.stringify([...plain(secret)])),
  'bytes by number': secret => latin1(JSON.stringify(Object.fromEntries(plain(secret).entries()))),
  'a printed buffer': secret =>
    latin1(
      `<Buffer ${Buffer.from(plain(secret))
        .toString('hex')
        .replace(/..(?=.)/g, '$& ')}>`,
    ),
  'C array': secret => latin1([...plain(secret)].map(byte => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')),
  'percent signs': secret => latin1([...plain(secret)].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')),
  'web page': secret => latin1([...plain(secret)].map(byte => `&#${byte};`).join('')),
  'hex dump': secret => latin1(dump(plain(secret))),
};

/** Eight bytes a row, with offsets and characters, as `hexdump -C` prints them. */
function dump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8) {
    const row = bytes.subarray(at, at + 8);
    const hex = [...row].map(byte => byte.toString(16).padStart(2, '0')).join(' ');
    const chars = [...row].map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    text += `${at.toString(16).padStart(8, '0')}  ${hex.padEnd(24)} |${chars}|\n`;
  }
  return text;
}
