import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../../fault.ts';
import { namedProfile, shippedProfileIds } from '../../node/profiles.ts';
import { canonicalText } from '../../profile/canonical.ts';
import { loadProfile } from '../../profile/profile.ts';
import type { Json } from '../../profile/source.ts';
import { Kind } from '../../trace/kinds.ts';
import { TraceReader } from '../../trace/reader.ts';
import { fileHeader, TraceWriter } from '../../trace/writer.ts';
import { openRecords, refuse } from './reading.ts';
import { EXIT_OK, type TraceRim } from './rim.ts';
import { type Line, type Story, storyOf, type Told } from './to-test-story.ts';

const BASE64_COLUMNS = 120;
/** Longest part of a trace that is put into a test. */
const EMBEDDED_MAX = 4_194_304;
/** Who may be on duty when a session begins that is played. */
const CASHIER = '01';

export interface ToTestRim extends TraceRim {
  writeFile(path: string, content: Uint8Array | string): Result<unknown>;
}

interface Flags {
  readonly output?: string;
  readonly session: string;
  readonly name?: string;
  readonly exact: boolean;
  readonly profile?: string;
}

/** Adds `trace to-test`: an incident becomes a scenario that runs in the suite. */
export function registerToTest(trace: Command, rim: ToTestRim): void {
  trace
    .command('to-test')
    .description('make a scenario of a session: keys and cards in, screens, messages and slips out')
    .argument('<file>', 'a trace that run --trace wrote')
    .option('-o, --output <file>', 'test file to write, in test/scenarios/incidents; without it, it is printed')
    .option('--session <n>', 'which session of the trace, from 1', '1')
    .option('--name <text>', 'what the test is called')
    .option('--exact', 'run the very session again, byte by byte, instead of playing it with the simulators', false)
    .option('-p, --profile <id>', 'profile whose dialect is used; without it that of the trace itself')
    .addHelpText('after', '\nExit status: 0 written, 2 usage, no such session or no trace with keys and screens.')
    .action(async (path: string, flags: Flags) => {
      const done = await toTest(path, flags, rim);
      if (!done.ok) refuse(rim, done.fault);
    });
}

async function toTest(path: string, flags: Flags, rim: ToTestRim): Promise<Result<void>> {
  const number = Number(flags.session);
  if (!Number.isSafeInteger(number) || number < 1)
    return failed(
      fault('E_ILLEGAL', 'session-number', `--session ${flags.session} is no number`, 'Give 1 for the first'),
    );
  if (path === '-')
    return failed(fault('E_ILLEGAL', 'no-file', 'the trace is read twice, standard input only once', 'Give a file'));
  const found = await openRecords(
    path,
    { option: [], clear: false, json: false, lang: 'en', ...(flags.profile ? { profile: flags.profile } : {}) },
    rim,
  );
  if (!found.ok) return found;
  const { plan } = found.value.lexicon;
  found.value.close();
  const source = rim.openSource(path);
  if (!source.ok) return source;
  const told = storyOf(source.value, plan, number);
  source.value.close();
  if (told === undefined)
    return failed(
      fault(
        'E_NOEXIST',
        'no-session',
        `the trace has no session ${number}`,
        'pos8583 trace timeline shows where sessions begin',
      ),
    );
  const why = flags.exact ? 'asked for with --exact' : notPlayed(told);
  let text: string;
  if (why === undefined) text = playedText(told, path, flags.name);
  else {
    const bytes = sessionBytes(path, number, rim);
    if (!bytes.ok) return bytes;
    text = exactText(told, await packed(bytes.value), why, path, flags.name);
  }
  rim.setExit(EXIT_OK);
  if (flags.output === undefined) {
    rim.print(text.trimEnd());
    return ok(undefined);
  }
  const written = rim.writeFile(flags.output, text);
  if (!written.ok) return written;
  const form = why === undefined ? 'played with the simulators' : `run again byte by byte: ${why}`;
  rim.print(`${flags.output}: ${told.story.length} lines, ${form}`);
  rim.print(`next: npx vitest run ${flags.output}`);
  return ok(undefined);
}

interface Begin {
  readonly profile: string;
  readonly lang: 'zh' | 'en';
  readonly startedMs: number;
  readonly zone: string;
  readonly version: string;
}

const beginOf = (told: Told): Begin => JSON.parse(told.begin) as Begin;

/** Why the simulators cannot play a session; undefined when they can. */
function notPlayed(told: Told): string | undefined {
  if (told.odd !== undefined) return told.odd;
  const { profile } = beginOf(told);
  if (!shippedProfileIds().includes(profile)) return `the profile ${profile} is not a shipped one`;
  const named = namedProfile(profile);
  const shipped = loadProfile(profile, name => named.read(name));
  if (!shipped.ok || sameText(JSON.stringify(shipped.value)) !== sameText(told.profile))
    return 'its profile is not the shipped one';
  if (dutyOf(told) === undefined) return 'the journal had transactions or settings before it';
  return undefined;
}

/** Equal values give equal texts. */
const sameText = (json: string): string => canonicalText(JSON.parse(json) as Json);

/** Whether the first cashier was on duty in a shop that was new otherwise; undefined for any other shop. */
function dutyOf(told: Told): boolean | undefined {
  const records = told.state.flatMap(piece => piece.split('\n').filter(Boolean));
  if (records.length === 0) return false;
  const [, , kind, , body] = JSON.parse(records[0]) as readonly unknown[];
  const first =
    kind === 'operator-on' && typeof body === 'string' ? (JSON.parse(body) as { operator?: unknown }) : undefined;
  return records.length === 1 && first?.operator === CASHIER ? true : undefined;
}

/** A trace with this one session. */
function sessionBytes(path: string, number: number, rim: ToTestRim): Result<Uint8Array<ArrayBuffer>> {
  const source = rim.openSource(path);
  if (!source.ok) return source;
  const reader = new TraceReader(source.value);
  const blocks: Uint8Array[] = [fileHeader(true)];
  const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
  let session = 0;
  while (reader.next()) {
    if (reader.kind === Kind.session) session++;
    if (session !== number) continue;
    const payload = reader.bytes.subarray(reader.from, reader.to);
    const at = writer.begin(reader.kind, reader.link, reader.timeUs, payload.length);
    writer.bytes.set(payload, at);
  }
  source.value.close();
  if (!reader.redacted)
    return failed(
      fault(
        'E_ILLEGAL',
        'not-redacted',
        `${path} does not say that it was redacted`,
        'Run pos8583 trace redact on it first',
      ),
    );
  writer.end();
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  if (length > EMBEDDED_MAX)
    return failed(
      fault(
        'E_ILLEGAL',
        'session-too-long',
        `the session has ${length} bytes, a test holds at most ${EMBEDDED_MAX}`,
        'Look at it with pos8583 trace view and repeat the part that matters in a shorter run',
      ),
    );
  return ok(Uint8Array.from(Buffer.concat(blocks)));
}

/** gzip and base64. */
async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return Buffer.from(await new Response(stream).arrayBuffer()).toString('base64');
}

/** Local time of the shop as if it were universal time: the simulated shop has no zone. */
function localStart({ startedMs, zone }: Begin): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    ...{ timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  }).formatToParts(startedMs);
  const part = (type: string): string => parts.find(one => one.type === type)?.value ?? '00';
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}Z`;
}

const quoted = (text: string): string =>
  `'${text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll(
      /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
      c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )}'`;

function lineText(line: Line): string {
  const cells = line.map(cell =>
    typeof cell === 'string'
      ? quoted(cell)
      : `{ ${Object.entries(cell)
          .map(([field, value]) => `${field}: ${quoted(value as string)}`)
          .join(', ')} }`,
  );
  return `  [${cells.join(', ')}],`;
}

function storyText(story: Story): string {
  return ['// prettier-ignore', 'const STORY: Story = [', ...story.map(lineText), '];'].join('\n');
}

/** What a reader is told first; texts of a trace never end a comment. */
function headText(told: Told, path: string): string {
  const { version, profile, zone } = beginOf(told);
  const plain = (text: string): string => text.replaceAll(/[^\w .:/-]/g, '?');
  const file = path.split(/[\\/]/).at(-1) ?? '';
  return `/** Made by \`pos8583 trace to-test\` from ${plain(file)}: version ${plain(version)}, profile ${plain(profile)}, ${localStart(beginOf(told)).replace('T', ' ').replace('Z', '')} ${plain(zone)}. */`;
}

function titleOf(told: Told, path: string, name: string | undefined): string {
  if (name !== undefined) return name;
  const said = told.story.flatMap(line => (line[0] === 'hears' && line[2][39] !== undefined ? [line[2][39]] : []));
  const sent = told.story.flatMap(line => (line[0] === 'sends' ? [line[1]] : []));
  return `${path.split(/[\\/]/).at(-1) ?? path}: ${sent.join(' ')}, answers ${said.join(' ')}`;
}

function playedText(told: Told, path: string, name: string | undefined): string {
  const begin = beginOf(told);
  return `import { expect, test } from 'vitest';
import { play, type Story } from './incident.ts';

${headText(told, path)}

const SHOP = { profile: ${quoted(begin.profile)}, lang: ${quoted(begin.lang)}, start: ${quoted(localStart(begin))}, onDuty: ${dutyOf(told) === true} } as const;

${storyText(told.story)}

test(${quoted(titleOf(told, path, name))}, () => {
  expect(play(SHOP, STORY)).toEqual(STORY);
});
`;
}

function exactText(told: Told, session: string, why: string, path: string, name: string | undefined): string {
  const rows = session.match(new RegExp(`.{1,${BASE64_COLUMNS}}`, 'g')) ?? [];
  return `import { expect, test } from 'vitest';
import { runAgain, type Story } from './incident.ts';

${headText(told, path)}
// The session itself is run again, not only its story: ${why}.

${storyText(told.story)}

// The redacted session, gzip and base64.
// prettier-ignore
const SESSION = [
${rows.map(row => `  '${row}',`).join('\n')}
].join('');

test(${quoted(titleOf(told, path, name))}, () => {
  const { story, difference } = runAgain(SESSION);
  expect(difference).toBe('');
  expect(story).toEqual(STORY);
});
`;
}
