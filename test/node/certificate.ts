import { generateKeyPairSync, sign } from 'node:crypto';

/** A self-signed certificate for `localhost` and its key, both PEM, made for one test run. */
export function selfSigned(): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(0x30, OID_ECDSA_SHA256);
  const name = der(0x30, der(0x31, der(0x30, Buffer.concat([OID_COMMON_NAME, der(0x0c, Buffer.from('localhost'))]))));
  const validity = der(
    0x30,
    Buffer.concat([der(0x18, Buffer.from('20200101000000Z')), der(0x18, Buffer.from('21200101000000Z'))]),
  );
  const names = der(0x30, der(0x82, Buffer.from('localhost')));
  const extension = der(0x30, Buffer.concat([OID_ALTERNATIVE_NAME, der(0x04, names)]));
  const body = der(
    0x30,
    Buffer.concat([
      der(0xa0, der(0x02, Buffer.of(2))),
      der(0x02, Buffer.of(1)),
      algorithm,
      name,
      validity,
      name,
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, der(0x30, extension)),
    ]),
  );
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]));
  const cert = der(0x30, Buffer.concat([body, algorithm, signature])).toString('base64');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${cert.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const OID_ECDSA_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const OID_COMMON_NAME = Buffer.from('0603550403', 'hex');
const OID_ALTERNATIVE_NAME = Buffer.from('0603551d11', 'hex');

function der(tag: number, content: Buffer): Buffer {
  const length = content.length;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
