import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '../runtime/network.ts';
import { command } from './commands.ts';
import { Outputs } from './outputs.ts';

/** Numbers of the journal that the commands are asked about. */
export interface Ids {
  readonly sale: number;
  readonly voided: number;
  readonly refund: number;
  readonly reversed: number;
  readonly incident: number;
  readonly slip: number;
}

/** Exit statuses up to this one are answers: found, different, refused. Above it a command could not do its work. */
const ANSWERED_MAX = 1;
/** A message cannot be read to its end. */
const CANNOT_READ = 3;
const ANY_STATUS = 255;
/** The virtual day, and the days after it. */
const DAYS = ['--from', '2026-11-20', '--to', '2026-12-20'];
const FORMS = [[], ['--lang', 'zh'], ['--json']] as const;

/** Runs the commands of the program that read, and keeps what they write. */
export class Reader {
  private readonly outputs: Outputs;
  private readonly folder: string;

  constructor(outputs: Outputs, folder: string) {
    this.outputs = outputs;
    this.folder = folder;
  }

  /** Runs one command; it must find what it reads. */
  async run(args: readonly string[], answeredMax = ANSWERED_MAX): Promise<string> {
    const { status, output } = await command(...args);
    const name = args.join(' ').replaceAll(`${this.folder}/`, '').slice(0, 120);
    if (status > answeredMax) throw new Error(`${name} ended with ${status}: ${output.slice(0, 500)}`);
    this.outputs.text(name, output);
    return output;
  }

  /** A command that writes a file, which is kept as well. */
  private async writes(file: string, ...args: readonly string[]): Promise<void> {
    const path = this.at(file);
    rmSync(path, { force: true });
    await this.run(args.map(arg => (arg === file ? path : arg)));
    this.outputs.file(`${file} of ${args.slice(0, 3).join(' ').replaceAll(`${this.folder}/`, '')}`, path);
  }

  /** The long lists: every card once more. */
  async journalAsList(path: string): Promise<void> {
    await this.run(['journal', 'list', '--limit', '100000', '--journal', path, '--json']);
    await this.run(['report', 'search', ...DAYS, '--limit', '100000', '--journal', path, '--csv']);
    await this.run(['slips', 'list', ...DAYS, '--journal', path]);
  }

  async journal(path: string, { sale, voided, refund, reversed, incident, slip }: Ids): Promise<void> {
    const journal = ['--journal', path];
    for (const id of [sale, voided, refund, reversed]) await this.run(['journal', 'show', String(id), ...journal]);
    for (const word of ['show', 'timeline']) await this.run(['case', word, String(incident), ...journal]);
    for (const kind of ['voids', 'refunds', 'operators']) await this.run(['report', kind, ...DAYS, ...journal]);
    await this.run(['refund', 'show', String(refund), ...journal]);
    await this.run(['refund', 'status', ...journal]);
    await this.run(['reversal', 'list', ...journal, '--json']);
    await this.run(['case', 'list', ...journal, '--json']);
    await this.run(['policy', 'simulate', 'unionpay-pos', ...journal]);
    for (const form of FORMS) {
      const on = [...journal, ...form];
      await this.run(['journal', 'list', '--limit', '100000', ...on]);
      await this.run(['journal', 'waiting', ...on]);
      await this.run(['report', 'search', ...DAYS, '--limit', '1000', ...on]);
      await this.run(['refund', 'list', ...on]);
      await this.run(['slips', 'list', ...DAYS, ...on]);
    }
    for (const kind of ['day', 'failures']) {
      await this.run(['report', kind, ...DAYS, ...journal, '--csv']);
      await this.writes('page.html', 'report', kind, ...DAYS, ...journal, '--html', 'page.html');
    }
    await this.run(['case', 'export', String(incident), ...journal, '--md']);
    await this.run(['journal', 'verify', ...journal]);
    await this.writes('slip.bin', 'slips', 'show', String(slip), ...journal, '--bytes', 'slip.bin');
    await this.writes('used.json', 'slips', 'used', ...journal, '--export', 'used.json');
  }

  async evidence(journal: string, { sale, refund, incident }: Ids, trace: readonly string[]): Promise<void> {
    for (const id of [String(sale), `RF${refund}`, `IC${incident}`])
      await this.writes('pack.zip', 'evidence', 'pack', id, '--journal', journal, '--out', 'pack.zip', ...trace);
  }

  /** One message of each kind, whole, with its end cut off and with a bit turned. */
  async decode(messages: readonly Message[]): Promise<void> {
    const one = new Map(messages.map(message => [`${message.mti} ${message.fields[22] ?? ''}`, message.bytes]));
    for (const [index, bytes] of [...one.values()].entries()) {
      const turned = bytes.slice();
      turned[bytes.length >> 1] ^= 0x10;
      const form = FORMS[index % FORMS.length];
      const taken = [bytes, bytes.subarray(0, -9), turned][(index >> 1) % 3];
      await this.run(['decode', hex(taken), ...form], CANNOT_READ);
    }
  }

  /** Somebody who types a card number where it does not belong. */
  async errors(journal: string, pan: string): Promise<void> {
    const track = `${pan}D30121010000000000`;
    const calls = [
      ['journal', 'list', '--limit', pan],
      ['report', 'search', '--amount', pan],
      ['report', 'search', '--last4', pan],
      ['refund', 'status', pan],
      ['slips', 'check', pan],
    ];
    for (const call of calls) await this.run([...call, '--journal', journal], ANY_STATUS);
    await this.run(['decode', `${track}zz`], ANY_STATUS);
  }

  /** What only a trace of a counter has; the bundle for support is made of it. */
  async trace(path: string, journal: string, log: string): Promise<void> {
    await this.run(['trace', 'view', path, '--records']);
    await this.run(['trace', 'timeline', path]);
    await this.run(['trace', 'timeline', path, '--json', '--lang', 'zh']);
    await this.run(['trace', 'to-test', path]);
    await this.run(['trace', 'to-test', path, '--exact']);
    await this.run(['replay', path, '--session', '1', '--speed', 'max'], ANY_STATUS);
    await this.writes('bundle.zip', 'bundle', '--journal', journal, '--trace', path, '--log', log, '-o', 'bundle.zip');
    await this.run(['bundle', 'show', this.at('bundle.zip')]);
  }

  /** All views of a capture of the acquirer line, redacted or not, and all that can be made of it. */
  async capture(path: string): Promise<void> {
    const views = [
      ['view'],
      ['show', '4', '--field', '2'],
      ['show', '5'],
      ['explain', '5'],
      ['grep', '4>0'],
      ['stats'],
    ];
    for (const [n, [word, ...more]] of views.entries())
      await this.run(['trace', word, ...more, path, ...FORMS[n % FORMS.length]], CANNOT_READ);
    await this.run(['trace', 'view', path, '--json'], CANNOT_READ);
    await this.run(['trace', 'stats', path, '--json'], CANNOT_READ);
    await this.run(['trace', 'show', '4', path], CANNOT_READ);
    await this.run(['trace', 'diff', `${path}:4`, `${path}:6`]);
    await this.writes('stats.html', 'trace', 'stats', path, '--html', 'stats.html');
    for (const ending of ['p85t', 'pcapng', 'jsonl', 'md', 'hex'])
      await this.writes(`converted.${ending}`, 'trace', 'convert', path, '-o', `converted.${ending}`);
    await this.writes('wireshark.pcapng', 'trace', 'convert', path, '--for', 'wireshark', '-o', 'wireshark.pcapng');
    const expected = ['0200.2=4111111111111111', '0200.35=4111111111111111=3012', '0810.62=00', '0210.39=55'];
    const flags = expected.flatMap(one => ['--expect-field', one]);
    await this.run(['replay', path, '--messages', '--profile', 'unionpay-pos', ...flags], ANY_STATUS);
  }

  /** What somebody writes down who does not know yet what the messages speak. */
  async unknownDialect(path: string): Promise<void> {
    await this.writes('draft.json', 'doctor', '--hex', path, '-o', 'draft.json');
    await this.run(['doctor', '--hex', path, '--json'], CANNOT_READ);
  }

  /** A capture with clear cards in other forms, and what `trace redact` makes of each. */
  async redact(path: string): Promise<void> {
    for (const ending of ['hex', 'pcapng', 'jsonl']) {
      const clear = this.at(`clear-2.${ending}`);
      const { status, output } = await command('trace', 'convert', path, '--clear', '-o', clear);
      if (status !== 0) throw new Error(output);
      await this.run(['trace', 'view', clear], CANNOT_READ);
      for (const to of ['hex', 'pcapng', 'jsonl'])
        await this.writes(`redacted-${ending}.${to}`, 'trace', 'redact', clear, '-o', `redacted-${ending}.${to}`);
    }
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** Writes messages as hex, one a line: a capture that nobody redacted. */
  clearCapture(name: string, messages: readonly Message[]): string {
    const path = this.at(name);
    if (!existsSync(path)) writeFileSync(path, messages.map(({ bytes }) => hex(bytes)).join('\n\n'));
    return path;
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
