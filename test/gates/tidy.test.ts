import { describe, expect, test } from 'vitest';
import { isSyntax, nameOf, place, projectFiles, typescriptOf, walk } from './source.ts';
import type { Source } from './source.ts';

/** A file that is longer holds more than one idea. */
const LINES_MAX = 500;

// Words that the gates look for are put together here, so that this file does not hold them itself.
const LEFTOVER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATH = new RegExp(
  `(?<![\\w.])/(${['wo' + 'rk', 'ro' + 'ot', 'tmp/br' + 'ief', 'ho' + 'me/\\w+'].join('|')})/`,
);
const REGISTRY_HOST = new RegExp(
  `${'regis' + 'try'}\\.[a-z0-9-]+\\.[a-z]+|npm${'mirror'}|${'pack' + 'ages'}\\.[a-z0-9-]+\\.(com|org)`,
);

type Check = (file: Source) => string[];

const onTypescript =
  (folder: 'src' | 'test', check: Check): Check =>
  file =>
    typescriptOf(folder, [file]).length === 1 ? check(file) : [];

/** Lines of a file that match, as faults. */
function matching(file: Source, pattern: RegExp, what: string): string[] {
  return file.text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file.path}:${i + 1}: ${what}`] : []));
}

const CHECKS: Readonly<Record<string, Check>> = {
  'no source file is too long': onTypescript('src', file => {
    const lines = file.text.split('\n').length - 1;
    return lines > LINES_MAX ? [`${file.path}: ${lines} lines, at most ${LINES_MAX}`] : [];
  }),

  'nothing is left for later': file =>
    /^(src|test|scripts)\/.*\.(ts|mjs|sh)$/.test(file.path)
      ? matching(file, LEFTOVER, 'a leftover; do it or drop it')
      : [],

  'no error is swallowed': onTypescript('src', file => {
    const found: string[] = [];
    walk(file, node => {
      const empty = (body: unknown): boolean =>
        isSyntax(body) && body.type === 'BlockStatement' && (body.body as unknown[]).length === 0;
      if (node.type === 'CatchClause' && empty(node.body)) found.push(`${place(file, node.start)}: an empty catch`);
      if (node.type !== 'CallExpression' || !isSyntax(node.callee) || nameOf(node.callee.property) !== 'catch') return;
      const [handler] = node.arguments as unknown[];
      if (isSyntax(handler) && empty(handler.body)) found.push(`${place(file, node.start)}: an empty catch`);
    });
    return found;
  }),

  'no test is left out': onTypescript('test', file => {
    const found: string[] = [];
    walk(file, node => {
      if (node.type !== 'MemberExpression') return;
      const how = nameOf(node.property) ?? '';
      let root = node.object;
      while (isSyntax(root) && root.type === 'MemberExpression') root = root.object;
      if (/^(only|skip|todo)$/.test(how) && /^(test|it|describe|suite|bench)$/.test(nameOf(root) ?? '')) {
        found.push(`${place(file, node.start)}: .${how}`);
      }
    });
    return found;
  }),

  'every page has one title, first': file => {
    if (!file.path.endsWith('.md')) return [];
    // A `# ` inside a fenced block is a shell comment.
    const lines = file.text.replace(/^(```|~~~)[^]*?^\1/gm, '').split('\n');
    const titles = lines.filter(line => line.startsWith('# ')).length;
    if (!lines[0].startsWith('# ')) return [`${file.path}: the first line is no title ("# …")`];
    return titles === 1 ? [] : [`${file.path}: ${titles} titles`];
  },

  'no path of the machine it was written on': file => matching(file, MACHINE_PATH, 'a path of one machine'),

  'no address of a package registry': file => matching(file, REGISTRY_HOST, 'the address of a registry'),

  'the lock file names no host': file =>
    file.path === 'package-lock.json' ? matching(file, /"resolved":|https?:\/\/[^"]*\.tgz/, 'a package address') : [],
};

/** Files that each check must complain about, and files that it must leave alone. */
const PLANTED: Readonly<Record<keyof typeof CHECKS, { bad: readonly Source[]; good: readonly Source[] }>> = {
  'no source file is too long': {
    bad: [{ path: 'src/a.ts', text: '\n'.repeat(LINES_MAX + 1) }],
    good: [
      { path: 'src/a.ts', text: '\n'.repeat(LINES_MAX) },
      { path: 'test/a.ts', text: '\n'.repeat(LINES_MAX + 1) },
    ],
  },
  'nothing is left for later': {
    bad: [
      { path: 'src/a.ts', text: `// ${'TO' + 'DO'}: later` },
      { path: 'scripts/a.mjs', text: `/* ${'FIX' + 'ME'} */` },
      { path: 'test/a.ts', text: `// ${'HA' + 'CK'}` },
    ],
    good: [{ path: 'src/a.ts', text: `const ${'TO' + 'DO'}S = 1;` }],
  },
  'no error is swallowed': {
    bad: [
      { path: 'src/a.ts', text: 'try { f(); } catch {}' },
      { path: 'src/a.ts', text: 'try { f(); } catch (e) { /* never mind */ }' },
      { path: 'src/a.ts', text: 'f().catch(() => {});' },
    ],
    good: [{ path: 'src/a.ts', text: `try { f(); } catch { g(); } f().catch(() => g()); const text = 'catch {}';` }],
  },
  'no test is left out': {
    bad: [
      { path: 'test/a.ts', text: `test.${'skip'}('a', () => 1);` },
      { path: 'test/a.ts', text: `describe.${'only'}('a', () => 1);` },
      { path: 'test/a.ts', text: `test.concurrent.${'skip'}('a', () => 1);` },
      { path: 'test/a.ts', text: `it.${'todo'}('a');` },
    ],
    good: [{ path: 'test/a.ts', text: `reader.skip(3); const text = 'test.only';` }],
  },
  'every page has one title, first': {
    bad: [
      { path: 'docs/a.md', text: 'words\n\n# Title\n' },
      { path: 'docs/a.md', text: '# One\n\n# Two\n' },
      { path: 'docs/a.md', text: '## Low\n' },
    ],
    good: [{ path: 'docs/a.md', text: '# One\n\n```sh\n# a comment\n```\n\n## Part\n' }],
  },
  'no path of the machine it was written on': {
    bad: [
      { path: 'README.md', text: `see ${'/wo' + 'rk/'}x` },
      { path: 'src/a.ts', text: `'${'/ro' + 'ot/'}x'` },
      { path: 'a.json', text: `${'/tmp/br' + 'ief/'}x` },
    ],
    good: [{ path: 'README.md', text: 'a frame/work/load and /tmp/x and /dev/ttyUSB0' }],
  },
  'no address of a package registry': {
    bad: [{ path: '.npmrc', text: `${'regis' + 'try'}.example.org` }],
    good: [{ path: 'README.md', text: 'the npm registry has no such package' }],
  },
  'the lock file names no host': {
    bad: [{ path: 'package-lock.json', text: `"resolved": "https://a.example/b.tgz"` }],
    good: [{ path: 'package-lock.json', text: `"funding": { "url": "https://a.example/b" }` }],
  },
};

describe('tidy', () => {
  const files = projectFiles();

  test('the walk finds the project', () => {
    const paths = files.map(file => file.path);
    for (const path of ['package.json', 'package-lock.json', 'src/fault.ts', 'test/gates/tidy.test.ts', '.ci/run']) {
      expect(paths).toContain(path);
    }
    expect(paths.filter(path => /^(node_modules|dist|\.git|var)\//.test(path))).toEqual([]);
  });

  for (const [name, check] of Object.entries(CHECKS)) {
    test(name, () => {
      for (const bad of PLANTED[name].bad) expect(check(bad), bad.text.slice(0, 60)).toHaveLength(1);
      for (const good of PLANTED[name].good) expect(check(good), good.text.slice(0, 60)).toEqual([]);
      expect(files.flatMap(check)).toEqual([]);
    });
  }
});
