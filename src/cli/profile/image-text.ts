import type { ImageManifest, ModelRange, ProfileImage } from '../../profile/image.ts';

/** What an image says of itself, as members of a JSON object. */
export function imageJson({ manifest, digest, keyId, bytes }: ProfileImage): object {
  const { format, ...told } = manifest;
  return { format, ...told, keyId, digest, size: bytes.length };
}

/** What an image says of itself, for a person. */
export function imageLines(path: string, { manifest, digest, keyId, bytes }: ProfileImage): string[] {
  const { id, name, version, terminal, models, sections, downgrade } = manifest;
  const printer = terminal.printColumns === 0 ? 'no printer' : `printer ${terminal.printColumns} columns`;
  return [
    `${path}: ${keyId === '' ? 'whole, not signed' : 'whole and signed'}`,
    `profile   ${id} version ${version}  ${name.zh}  ${name.en}`,
    `terminal  ${terminal.id}: ${terminal.rows} x ${terminal.columns} ${terminal.charset}, ${printer}, ${terminal.baud} bit/s`,
    `models    ${models.length === 0 ? 'any' : models.map(modelText).join('; ')}`,
    ...(downgrade ? [`may go back  ${downgradeText(downgrade)}`] : []),
    ...Object.entries(sections).map(([member, hash]) => `section   ${hash.slice(0, 16)}  ${member}`),
    `size      ${bytes.length} bytes`,
    `digest    ${digest}`,
    keyId === '' ? 'key       none: no terminal takes it before `pos8583 profile sign`' : `key       ${keyId}`,
  ];
}

function modelText({ name, firmwareMin, firmwareMax }: ModelRange): string {
  if (firmwareMin === undefined && firmwareMax === undefined) return name;
  return `${name}, firmware ${firmwareMin ?? 'any'} to ${firmwareMax ?? 'any'}`;
}

function downgradeText({ from, serialNumbers }: NonNullable<ImageManifest['downgrade']>): string {
  return `over installed versions up to ${from}${serialNumbers ? `, only at ${serialNumbers.join(', ')}` : ''}`;
}
