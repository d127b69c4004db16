// Makes a clone ready to run: packages installed as the lock file says, Node of the pinned version there, dist/ built.
// Runs on any Node from 18 on, because on a fresh clone the machine's own Node is all there is. Silent when nothing is to do;
// otherwise one line a step, on standard error, so that a command's output stays clean.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const nodeBinary = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const lockStamp = join(modules, '.pos8583-lock');
const buildStamp = join(root, 'dist', '.stamp');
const bundler = join(root, 'scripts', 'bundle.mjs');
const profileWriter = join(root, 'scripts', 'write-profiles.mjs');

const say = line => process.stderr.write(`setup: ${line}\n`);

function stop(...lines) {
  for (const line of lines) say(line);
  process.exit(1);
}

/** Runs a program with its output on standard error; true when it ended with 0. */
function run(program, args) {
  // npm is a script on Windows, which only a shell can start; the arguments are ours.
  const shell = process.platform === 'win32' && program === 'npm';
  const result = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (result.error) say(`cannot run ${program}: ${result.error.message}`);
  return result.status === 0;
}

const sha256 = text => createHash('sha256').update(text).digest('hex');
const readJson = path => JSON.parse(readFileSync(path, 'utf8'));

/** True when npm's own record of what is installed has every package that the lock file asks for, in its version. */
function installedAsLocked() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  for (const [path, wanted] of Object.entries(readJson(join(root, 'package-lock.json')).packages)) {
    if (path === '') continue;
    if (installed[path] === undefined && wanted.optional === true) continue;
    if (installed[path]?.version !== wanted.version || !existsSync(join(root, path, 'package.json'))) return false;
  }
  return true;
}

function install() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const wanted = sha256(`${lock}\n${process.platform}\n${process.arch}\n`);
  if (existsSync(lockStamp) && readFileSync(lockStamp, 'utf8') === wanted) return;
  if (!installedAsLocked()) {
    say('installing packages (npm ci)');
    if (!run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'])) {
      stop(
        'npm ci failed; its messages are above',
        'check the network and the registry that npm uses, then start again',
      );
    }
  }
  writeFileSync(lockStamp, wanted);
}

/** Version of the Node in node_modules, such as `26.10.0`; undefined when it is missing or does not start. */
function nodeVersion() {
  if (!existsSync(nodeBinary)) return undefined;
  const result = spawnSync(nodeBinary, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim().slice(1) : undefined;
}

function checkNode() {
  const wanted = readJson(join(root, 'package.json')).dependencies.node;
  if (nodeVersion() === wanted) return;
  // The package "node" fetches the binary in its install script, which npm leaves out when scripts are switched off.
  say(`Node ${wanted} is not in node_modules yet; fetching it (npm rebuild node)`);
  run('npm', ['rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts']);
  const found = nodeVersion();
  if (found === wanted) return;
  stop(
    found === undefined
      ? `${relative(root, nodeBinary)} is missing or does not start`
      : `found Node ${found}, need ${wanted}`,
    'the install script of the package "node" must run: see that npm may reach the registry and that neither',
    '"ignore-scripts" nor an "allow-scripts" list of your npm configuration forbids it, then: npm rebuild node',
  );
}

/** Every file below `folder`, as paths from it, in a fixed order. */
function filesBelow(folder, prefix = '') {
  const out = [];
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) out.push(...filesBelow(folder, path));
    else if (entry.isFile()) out.push(path);
  }
  return out.sort();
}

/** Fingerprint of all that decides what dist/ holds. */
function sourceState() {
  const lines = filesBelow(join(root, 'src')).map(path => {
    const { size, mtimeMs } = statSync(join(root, 'src', path));
    return `${path} ${size} ${mtimeMs}`;
  });
  for (const path of [join(root, 'tsconfig.json'), bundler, profileWriter, lockStamp])
    lines.push(readFileSync(path, 'utf8'));
  return sha256(lines.join('\n'));
}

/** Output of sources that exist no more would go on working unnoticed. */
function removeOrphans() {
  const dist = join(root, 'dist');
  if (!existsSync(dist)) return;
  for (const path of filesBelow(dist)) {
    const source = path.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    const isSource = existsSync(join(root, 'src', source));
    if (path !== '.stamp' && !path.startsWith('bundle/') && !isSource) rmSync(join(dist, path));
  }
}

function build() {
  const state = sourceState();
  if (existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === state) return;
  say('building dist/');
  removeOrphans();
  const steps = [[join(modules, 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'], [profileWriter], [bundler]];
  if (steps.every(step => run(nodeBinary, step))) writeFileSync(buildStamp, state);
  else if (process.env.npm_lifecycle_event === 'pretest') say('the build has errors; the tests count them');
  else stop('the build has errors, see above');
}

try {
  install();
  checkNode();
  build();
} catch (error) {
  // The remedy depends on the folder or file that the message names.
  stop(`${error.message}`, 'see that this folder can be read and written by you, then start again');
}
