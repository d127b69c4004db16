import { chmodSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROFILE, World } from '../e2e/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

/** `run` with flags that are right as far as they can be, and `flags` over them. */
const run = (...flags: string[]): Promise<{ status: number | string; output: string }> =>
  world.result(
    ...['run', '--profile', PROFILE, '--port', world.at('tty'), '--journal', world.at('journal.db')],
    ...flags,
  );

/** What a person sees is one line of words, never the insides. */
function words(output: string): void {
  expect(output).not.toMatch(/\n\s+at |node:internal|\[cause\]/);
}

interface Case {
  readonly name: string;
  readonly flags: () => string[];
  readonly status: number;
  readonly says: RegExp;
}

const cases: Case[] = [
  {
    name: 'unknown profile',
    flags: () => ['--profile', 'nope'],
    status: 3,
    says: /no profile "nope".*unionpay-pos, unionpay-pos-48/,
  },
  {
    name: 'missing profile file',
    flags: () => ['--profile', world.at('till.json')],
    status: 3,
    says: /cannot read .*till\.json: .*does not exist/,
  },
  {
    name: 'broken profile file',
    flags: () => ['--profile', world.write('till.json', '{ broken')],
    status: 3,
    says: /till at line 1, column 3/,
  },
  {
    name: 'wrong member in a profile file',
    flags: () => [
      '--profile',
      world.write('till.json', '{"id":"till","extends":["unionpay-pos"],"acquirer":{"answerTimeoutSeconds":"x"}}'),
    ],
    status: 3,
    says: /till: \/acquirer\/answerTimeoutSeconds is wrong/,
  },
  {
    name: 'right profile file, no such tty',
    flags: () => ['--profile', world.write('till.json', '{"id":"till","extends":["unionpay-pos"]}')],
    status: 4,
    says: /no serial device at .*tty: .*pos8583 ports/,
  },
  {
    name: 'no tty but a file',
    flags: () => ['--port', world.write('plain', '')],
    status: 4,
    says: /no serial device at .*plain: that is no tty/,
  },
  { name: 'no tty but a folder', flags: () => ['--port', world.folder], status: 4, says: /that is no tty/ },
  {
    name: 'line speed that is none',
    flags: () => ['--baud', 'fast'],
    status: 2,
    says: /--baud fast is no line speed from 300 to 4000000/,
  },
  { name: 'line speed beyond all', flags: () => ['--baud', '12345678901'], status: 2, says: /no line speed/ },
  { name: 'language', flags: () => ['--lang', 'fr'], status: 2, says: /Allowed choices are zh, en/ },
  {
    name: 'address without port',
    flags: () => ['--acquirer', 'bank'],
    status: 2,
    says: /bank is no address.*host:port/,
  },
  { name: 'backup without port', flags: () => ['--backup', 'bank:0'], status: 2, says: /bank:0 is no address/ },
  {
    name: 'certificate file missing',
    flags: () => ['--tls-ca', world.at('ca.pem')],
    status: 2,
    says: /cannot read .*ca\.pem/,
  },
  {
    name: 'certificate file without certificate',
    flags: () => ['--tls-ca', world.write('ca.pem', 'x')],
    status: 2,
    says: /ca\.pem holds no certificate/,
  },
  {
    name: 'trace in a missing folder',
    flags: () => ['--trace', world.at('no/trace')],
    status: 2,
    says: /cannot write .*no\/trace/,
  },
  {
    name: 'log in a missing folder',
    flags: () => ['--log', world.at('no/log')],
    status: 2,
    says: /cannot open the log .*no\/log/,
  },
  {
    name: 'journal in a missing folder',
    flags: () => ['--journal', world.at('no/j.db')],
    status: 5,
    says: /cannot write .*no\/j\.db\.key: it or its folder does not exist/,
  },
  { name: 'journal that is a folder', flags: () => ['--journal', world.folder], status: 5, says: /it is a folder/ },
  {
    name: 'journal that is something else',
    flags: () => {
      writeFileSync(world.at('j.db.key'), Buffer.alloc(32, 7), { mode: 0o600 });
      return ['--journal', world.write('j.db', 'no database '.repeat(500))];
    },
    status: 5,
    says: /not-a-journal: .*j\.db is not a journal/,
  },
  {
    name: 'journal without its key',
    flags: () => ['--journal', world.write('j.db', 'x')],
    status: 5,
    says: /j\.db\.key is missing while the journal .* exists/,
  },
  {
    name: 'key that others may read',
    flags: () => {
      writeFileSync(world.at('journal.db.key'), Buffer.alloc(32, 7));
      chmodSync(world.at('journal.db.key'), 0o644);
      return [];
    },
    status: 5,
    says: /mode 0644.*chmod 600/,
  },
  { name: 'argument too many', flags: () => ['more'], status: 2, says: /too many arguments/ },
];

describe('run', () => {
  test.each(cases)('$name: status $status', async ({ flags, status, says }) => {
    const result = await run(...flags());
    expect(result.output).toMatch(says);
    expect(result.status).toBe(status);
    words(result.output);
  });

  test('a missing flag is named, and where the flags are listed', async () => {
    const result = await world.result('run');
    expect(result.output).toMatch(/--profile <id>.*not specified[\s\S]*pos8583 run --help/);
    expect(result.status).toBe(2);
  });

  test('the help lists every exit status', async () => {
    const result = await world.result('run', '--help');
    expect(result.status).toBe(0);
    for (const status of [0, 2, 3, 4, 5, 6, 70, 130]) expect(result.output).toMatch(new RegExp(`^ +${status}  `, 'm'));
  });

  test('a tty and a journal that another run uses are refused, and the first run goes on', async () => {
    const { address } = await world.acquirer();
    await world.terminal('expect "未签到"\npause 600\n');
    const first = world.run(address);
    await first.trace.line(/未签到/);
    const tty = await run('--journal', world.at('other.db'));
    expect(tty).toMatchObject({ status: 4 });
    expect(tty.output).toMatch(/tty is in use by another program/);
    const journal = await run('--port', world.at('tty-2'));
    expect(journal).toMatchObject({ status: 5 });
    expect(journal.output).toMatch(/journal-in-use|in use/);
    first.program.signal('SIGINT');
    expect(await first.program.ended).toBe(0);
  });

  test('a full disk under trace and log is told once, and trading goes on', async () => {
    const { address } = await world.acquirer();
    const terminal = await world.terminal('expect "未签到"\nkeys ENTER\nexpect "请输入操作员号"\nquit 0\n');
    const program = world.start([
      ...[
        'run',
        '--profile',
        PROFILE,
        '--port',
        world.at('tty'),
        '--acquirer',
        address,
        '--journal',
        world.at('journal.db'),
      ],
      ...['--trace', '/dev/full', '--log', '/dev/full'],
    ]);
    expect(await terminal.ended).toBe(0);
    program.signal('SIGINT');
    expect(await program.ended).toBe(0);
    expect(program.output.match(/the trace has gaps/g)).toHaveLength(1);
    expect(program.output.match(/the log .* cannot be written/g)).toHaveLength(1);
  });
});

describe('other commands', () => {
  test.each<[string[], number, RegExp]>([
    [['nonsense'], 2, /unknown command 'nonsense'/],
    [['sim', 'acquirer', '--listen', 'x'], 2, /--listen x is no host:port/],
    [['sim', 'acquirer', '--tmk', '12'], 2, /--tmk has 2 characters/],
    [['sim', 'terminal', '--tmk', 'zz'], 2, /--tmk has 2 characters/],
    [['sim', 'terminal', '--link', '/no/such/link'], 1, /link \/no\/such\/link/],
    [['decode', 'zz'], 2, /line 1 has "z"/],
    [['decode', '0200'], 3, /truncated/],
    [['journal', 'list', '--journal', '/no/journal.db'], 2, /no readable journal/],
    [['journal', 'list', '--journal', '/no/journal.db', '--lang', 'fr'], 2, /Allowed choices/],
    [['ports', '--baud', 'x'], 2, /no line speed/],
    [['demo', '--lang', 'fr'], 2, /Allowed choices/],
  ])('%j: status %i', async (args, status, says) => {
    const result = await world.result(...args);
    expect(result.output).toMatch(says);
    expect(result.status).toBe(status);
    words(result.output);
  });

  test('a file that is no journal is refused in words', async () => {
    for (const command of ['list', 'verify']) {
      const result = await world.result(
        'journal',
        command,
        '--journal',
        world.write('f.txt', 'no database '.repeat(500)),
      );
      expect(result).toMatchObject({ status: 2, output: expect.stringContaining('f.txt') });
      words(result.output);
    }
  });
});
