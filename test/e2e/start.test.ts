import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const BUILT = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pos8583-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Tells at the end which modules were loaded. */
const TELL = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
  process.on('exit', () => {
    const builtins = process.moduleLoadList.flatMap(text => /^NativeModule (\\S+)$/.exec(text)?.[1] ?? []);
    process.stderr.write('LOADED ' + JSON.stringify([...loaded, ...builtins.map(name => 'node:' + name)]) + '\\n');
  });
`)}`;

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const flags = ['--import', TELL, BUILT, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const urls = JSON.parse(/^LOADED (.*)$/m.exec(stderr)?.[1] ?? '[]') as string[];
  return { status, output: stdout + stderr.replace(/^LOADED .*$/m, ''), files: urls, loaded: urls.flatMap(sourcesOf) };
}

/** The modules in a file of the program, which is put together from many; any other file is itself. */
function sourcesOf(url: string): string[] {
  if (!/\/dist\/.*\.js$/.test(url) || url.includes('/node_modules/')) return [url];
  const path = fileURLToPath(url);
  // One without a map only passes on what another file has.
  if (!existsSync(`${path}.map`)) return [];
  const { sources } = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as { sources: string[] };
  return sources.map(source => join(dirname(path), source));
}

const NO_TTY = ['--port', join(folder, 'no-tty'), '--acquirer', '127.0.0.1:1', '--journal', join(folder, 'journal.db')];
const run = (env?: NodeJS.ProcessEnv) => start(['run', '--profile', 'unionpay-pos', ...NO_TTY], env);

test('a runtime that starts loads nothing that it does not use', () => {
  const { status, output, loaded, files } = run();
  expect(output).toContain('no-such-tty');
  expect(status).toBe(4);
  expect(loaded.length).toBeGreaterThan(50);
  // Simulators, reports, the checker of profiles with its library, tables of all code pages, other parsers of the line.
  // The command `journal` and its words share a file with the journal.
  const idle =
    /\/src\/sim\/|\/cli\/(?!program|run|profiles|serial-fault|journal|txn-words)|\/(zod|iconv-lite|echarts|koffi|fflate|parser-cctalk)\//;
  expect(loaded.filter(url => idle.test(url))).toEqual([]);
  // What builds images, speaks TLS and unpacks waits for its first use; the packages are in the files of the program.
  expect(files.filter(url => /^node:(tls|zlib|http|https|http2|inspector)$/.test(url))).toEqual([]);
  expect(files.filter(url => url.includes('/node_modules/')).length).toBeLessThan(6);
  // A file for each module was half of the time of a start.
  expect(files.filter(url => /\/dist\/.*\.js$/.test(url) && !url.includes('/node_modules/')).length).toBeLessThan(12);
});

test('the version is told by what needs nothing', () => {
  const { status, output, files } = start(['--version']);
  expect(status).toBe(0);
  expect(output.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  expect(files.filter(url => !url.startsWith('node:')).length).toBeLessThan(5);
});

test('a report about a journal loads no terminal and no profile', () => {
  const { loaded } = start(['journal', 'list', '--journal', join(folder, 'none.db')]);
  expect(loaded.length).toBeGreaterThan(10);
  expect(loaded.filter(url => /\/src\/(terminal|device|host|runtime|sim)\/|\/(zod|pino)\//.test(url))).toEqual([]);
});

test('what the engine compiled is kept if it can be, and a folder that cannot be written changes nothing', () => {
  const denied = join(folder, 'denied');
  expect(run({ NODE_COMPILE_CACHE: join('/dev/null', 'no-folder') })).toMatchObject({ status: 4 });
  const kept = join(folder, 'kept');
  expect(run({ NODE_COMPILE_CACHE: kept }).status).toBe(4);
  expect(existsSync(kept)).toBe(true);
  chmodSync(kept, 0o500);
  expect(run({ NODE_COMPILE_CACHE: kept }).status).toBe(4);
  chmodSync(kept, 0o700);
  expect(existsSync(denied)).toBe(false);
});

test('help names every command, also when only one of them is loaded', () => {
  const all = start(['--help']);
  expect(all.status).toBe(0);
  const names = [...all.output.matchAll(/^ {2}([a-z]+)(?: \[| )/gm)].map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(['run', 'demo', 'decode', 'journal', 'refund', 'ports', 'sim', 'help']));
  for (const name of ['journal', 'sim']) {
    const one = start([name, '--help']);
    expect(one.output, name).toMatch(new RegExp(`^Usage: pos8583 ${name} `));
    expect(one.status, name).toBe(0);
  }
  const wrong = start(['rum']);
  expect(wrong.output).toMatch(/unknown command 'rum'[\s\S]*Did you mean run/);
  expect(wrong.status).toBe(2);
});
