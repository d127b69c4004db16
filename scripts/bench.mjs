// Starts the benchmark on the Node that the project pins; runs itself on any Node from 18 on. See test/bench/README.md.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

if (!existsSync(node)) {
  const setup = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs')], { stdio: ['ignore', 2, 2] });
  if (setup.status !== 0) process.exit(1);
}
const bench = spawnSync(node, [join(root, 'test', 'bench', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
if (bench.error) process.stderr.write(`bench: cannot run ${node}: ${bench.error.message}\n`);
process.exit(bench.status ?? 1);
