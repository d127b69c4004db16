#!/usr/bin/env node
// Checks an evidence pack of pos8583 and needs nothing of pos8583: only Node 18 or later and this file.
//   node verify-evidence.mjs pack.zip [anchor printed on the settlement slip, e.g. 9f3c-41aa-77d0-b2e6]
// Exit status: 0 whole, 1 changed or not proved, 2 cannot be read.
//
// What is proved: each record in the pack is word for word in a chain of SHA-256 hashes that ends with the anchor. The
// anchor was printed on the shop's paper that day. Whoever holds that paper needs no trust in the shop's computer.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { argv, exit, stderr, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';

const sha256 = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex');

/** Members of a zip whose files are stored and not compressed: name -> bytes. Throws what is wrong. */
function unzip(zip) {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0 || end + 22 > zip.length) throw new Error('this is no zip file, or it is cut off');
  if (zip.readUInt16LE(end + 8) !== zip.readUInt16LE(end + 10)) throw new Error('the count of files is damaged');
  const files = new Map();
  let at = zip.readUInt32LE(end + 16);
  for (let n = zip.readUInt16LE(end + 10); n > 0; n--) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== 0x02014b50) throw new Error('the list of files is damaged');
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    if (zip.readUInt16LE(at + 10) !== 0)
      throw new Error(`${name} is compressed; the pack was made again by another program`);
    const size = zip.readUInt32LE(at + 24);
    const local = zip.readUInt32LE(at + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    // Every program that opens the pack must find the same: both places of the zip say the same name and size.
    const sizes = [zip.readUInt32LE(at + 20), zip.readUInt32LE(local + 18), zip.readUInt32LE(local + 22)];
    const sameName = zip.toString('utf8', local + 30, local + 30 + zip.readUInt16LE(local + 26)) === name;
    if (zip.readUInt32LE(local) !== 0x04034b50 || !sameName || sizes.some(other => other !== size))
      throw new Error(`${name}: the zip says two things of it`);
    if (files.has(name)) throw new Error(`${name} is in it twice`);
    files.set(name, zip.subarray(from, from + size));
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

/** A member of the chain as it must be: two whole numbers and two SHA-256 in hex. */
const isLink = link =>
  Number.isSafeInteger(link?.seq) &&
  link.seq >= 0 &&
  Number.isSafeInteger(link.atMs) &&
  link.atMs >= 0 &&
  /^[0-9a-f]{64}$/.test(link.digest) &&
  /^[0-9a-f]{64}$/.test(link.hash);

/** Whole number as 8 bytes, big-endian. */
const eight = number => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
};

/**
 * Checks the bytes of a pack. Gives what was found: `problems` names the file of each, `proved` counts the records, `anchor` is the
 * one that the chain ends with (four groups of four hex digits).
 */
export function verifyEvidence(bytes, anchorOnPaper) {
  const problems = [];
  let files;
  try {
    files = unzip(Buffer.from(bytes));
  } catch (error) {
    return { problems: [`pack: ${error.message}`], proved: 0, anchor: '' };
  }
  const text = name => files.get(name)?.toString('utf8');
  const parsed = name => {
    try {
      return JSON.parse(text(name));
    } catch {
      problems.push(`${name}: missing, or no JSON`);
      return undefined;
    }
  };

  const manifest = parsed('manifest.json');
  const chain = parsed('chain.json');
  if (!Array.isArray(manifest?.files)) problems.push('manifest.json: has no list of files');
  if (!Array.isArray(chain?.links)) problems.push('chain.json: has no links');
  if (problems.length > 0) return { problems, proved: 0, anchor: '' };
  if (!/^[0-9a-f]{64}$/.test(chain.before) || !chain.links.every(isLink))
    return { problems: [...problems, 'chain.json: a link is damaged'], proved: 0, anchor: '' };
  const listed = new Set(['manifest.json', 'manifest.sha256', ...manifest.files.map(file => file?.name)]);
  if (text('manifest.sha256') !== `${sha256(files.get('manifest.json'))}\n`) problems.push('manifest.json: changed');
  for (const { name, sha256: sum } of manifest.files.map(file => file ?? {}))
    if (!files.has(name)) problems.push(`${name}: missing`);
    else if (sha256(files.get(name)) !== sum) problems.push(`${name}: changed`);
  for (const name of files.keys()) if (!listed.has(name)) problems.push(`${name}: was added`);

  // The chain: each hash follows from the hash before it, number, time and digest.
  let before = chain.before;
  const links = new Map();
  for (const { seq, atMs, digest, hash } of chain.links) {
    const next = sha256(Buffer.from(before, 'hex'), eight(seq), eight(atMs), Buffer.from(digest, 'hex'));
    if (next !== hash) problems.push(`chain.json: link ${seq} does not follow from the one before`);
    if (links.size > 0 && !links.has(seq - 1)) problems.push(`chain.json: link ${seq - 1} is missing`);
    links.set(seq, { digest, atMs });
    before = hash;
  }
  const anchor = (before.slice(0, 16).match(/.{4}/g) ?? []).join('-');
  if (manifest.anchor !== anchor) problems.push(`manifest.json: the anchor is ${anchor}`);
  if (anchorOnPaper !== undefined && anchorOnPaper.replaceAll('-', '').toLowerCase() !== anchor.replaceAll('-', ''))
    problems.push(`paper: the anchor on the paper is ${anchorOnPaper}, the chain ends with ${anchor}`);

  // The records: word for word what the chain holds; and the slips, which are records too.
  let proved = 0;
  for (const name of files.keys()) {
    if (!/^records\/\d+\.json$/.test(name)) continue;
    const record = parsed(name);
    const link = links.get(record?.seq);
    if (!record || !link || link.atMs !== record.atMs || sha256(`${record.kind}${record.body}`) !== link.digest) {
      problems.push(`${name}: is not what the chain holds`);
      continue;
    }
    proved++;
    if (record.kind !== 'slip') continue;
    const slip = `slips/${String(record.seq).padStart(6, '0')}.txt`;
    if (text(slip) !== `${JSON.parse(record.body).lines.join('\n')}\n`)
      problems.push(`${slip}: is not the slip that was printed`);
  }
  for (const name of files.keys())
    if (/^slips\/\d+\.txt$/.test(name) && !files.has(name.replace('slips/', 'records/').replace('.txt', '.json')))
      problems.push(`${name}: has no record`);
  if (proved === 0) problems.push('records: there is none');
  return { problems, proved, anchor };
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const [, , path, paper] = argv;
  let bytes;
  try {
    bytes = readFileSync(path ?? '');
  } catch {
    stderr.write('usage: node verify-evidence.mjs pack.zip [anchor on the settlement slip]\n');
    exit(2);
  }
  const { problems, proved, anchor } = verifyEvidence(bytes, paper);
  for (const problem of problems) stdout.write(`CHANGED  ${problem}\n`);
  if (anchor !== '') stdout.write(`${proved} records are in the chain that ends with anchor ${anchor}\n`);
  if (paper === undefined && problems.length === 0)
    stdout.write('Compare this anchor with the one on the settlement slip of that day.\n');
  exit(problems.length > 0 ? 1 : 0);
}
