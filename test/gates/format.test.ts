import { join } from 'node:path';
import { check, getFileInfo, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { ROOT, projectFiles } from './source.ts';
import type { Source } from './source.ts';

/** Paths that are not written as `npm run format` would write them. */
async function unformatted(files: readonly Source[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path, text } of files) {
    const filepath = join(ROOT, path);
    const info = await getFileInfo(filepath, { ignorePath: join(ROOT, '.prettierignore') });
    if (info.ignored || info.inferredParser === null) continue;
    const config = await resolveConfig(filepath);
    if (!(await check(text, { ...config, filepath }))) found.push(path);
  }
  return found;
}

test('sources, tests and scripts are formatted (npm run format)', async () => {
  const files = projectFiles().filter(file => /^(src|test|scripts)\/|^[^/]+\.ts$/.test(file.path));
  expect(files.length).toBeGreaterThan(10);
  expect(await unformatted(files)).toEqual([]);
}, 120_000);

test('a planted unformatted file is found, in the style of the project', async () => {
  expect(await unformatted([{ path: 'src/planted.ts', text: 'const a = "b";\n' }])).toEqual(['src/planted.ts']);
  expect(await unformatted([{ path: 'src/planted.ts', text: "const a = 'b';\n" }])).toEqual([]);
});
