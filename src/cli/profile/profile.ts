import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { maskCards } from '../../card/mask-text.ts';
import { failed, type Fault, fault, faultText, ok, type Result } from '../../fault.ts';
import { readBytes, readText, writeOutput } from '../../node/files.ts';
import { inPackage } from '../../node/places.ts';
import { namedProfile, partNames, shippedProfileIds } from '../../node/profiles.ts';
import { sourceJsonSchema } from '../../profile/editor-schema.ts';
import { checkProfile, profileJsonSchema, type Profile } from '../../profile/profile.ts';
import { profileDiff } from '../../profile/diff.ts';
import { readImage } from '../../profile/image.ts';
import { readMerged } from '../../profile/source.ts';
import { Storyteller } from '../tour.ts';
import { diffLines } from './diff-text.ts';
import { IMAGE_ENDING, usableImage } from './image-file.ts';
import { registerImage } from './image.ts';
import { lintDeep } from './lint.ts';
import { newSource, type NewFlags } from './new.ts';
import { simulate } from './simulate.ts';
import { taskLine } from './player.ts';

/** What the commands need of the program. */
export interface ProfileRim {
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

const EXIT_FINDING = 1;
const EXIT_USAGE = 2;
const EXIT_UNREADABLE = 3;
const SHIPPED_DECK = inPackage('firmware-profiles/decks/test-deck.json');

const STATUS = (finding: string): string => `
Exit status: 0 done, 1 ${finding}, 2 wrong flags, 3 a profile or image cannot be read or is wrong.`;

type Lang = 'zh' | 'en';

/** Adds `pos8583 profile`: what a profile says, whether it is right, what it changes, and its image. */
export function register(program: Command, rim: ProfileRim): void {
  const group = program
    .command('profile')
    .description('terminal profiles: look, make, check, compare, try, build, sign');
  const desk = new ProfileDesk(rim);
  const lang = (): Option => new Option('--lang <lang>', 'language of names').choices(['zh', 'en']).default('en');
  group
    .command('list')
    .description('the shipped profiles and the parts that a profile may extend')
    .addOption(lang())
    .option('--json', 'JSON instead of text')
    .action((flags: { lang: Lang; json?: boolean }) => desk.list(flags));
  group
    .command('show')
    .argument('<profile>', 'id, source file or image')
    .description('a profile with everything that it extends')
    .option('--section <pointer>', 'a member, as policy or acquirer/reversal')
    .addOption(lang())
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS('there is no such section'))
    .action((name: string, flags: { section?: string; lang: Lang; json?: boolean }) => desk.show(name, flags));
  group
    .command('new')
    .argument('<id>', 'id of the profile and name of its file')
    .description('writes the source of a new profile here; never over a file that is there')
    .requiredOption('--from <profile>', 'profile that it extends')
    .option('--acquirer <part>', 'another acquirer, as acquirers/mine')
    .option('--terminal <part>', 'another terminal, as terminals/mine')
    .option('--merchant-no <text>', 'merchant number, 15 characters')
    .option('--terminal-no <text>', 'terminal number, 8 characters')
    .option('--name-zh <text>', 'name of the shop in Chinese')
    .option('--name-en <text>', 'name of the shop in English')
    .option('-o, --output <folder>', 'folder to write into', '.')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS('the file is written, but the profile has findings'))
    .action((id: string, flags: NewFlags & { json?: boolean }) => desk.make(id, flags));
  group
    .command('lint')
    .argument('<profile...>', 'ids or source files')
    .description('checks shape and meaning, and walks the keypad flows with the keys of the terminal')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS('something is found'))
    .action((names: string[], flags: { json?: boolean }) => desk.lint(names, flags));
  group
    .command('diff')
    .argument('<before>', 'id, source file or image')
    .argument('<after>', 'id, source file or image')
    .description('what changes from one profile to another: $ money, ! keys, passwords and who must agree')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS('the two differ'))
    .action((before: string, after: string, flags: { json?: boolean }) => desk.diff(before, after, flags));
  group
    .command('simulate')
    .argument('<profile>', 'id or source file')
    .description('plays sign-on, sale, void, refund and settlement against the virtual terminal and acquirer')
    .option('--deck <file>', 'deck of test cards', SHIPPED_DECK)
    .option('--story', 'every screen, message and slip')
    .addOption(lang())
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS('a step failed or the books differ'))
    .action((name: string, flags: SimulateFlags) => desk.simulate(name, flags));
  group
    .command('schema')
    .description('JSON Schema of profile sources, for editors')
    .option('--complete', 'of a complete profile, as an image holds it')
    .option('-o, --output <file>', 'file to write')
    .action((flags: { complete?: boolean; output?: string }) => desk.schema(flags));
  registerImage(group, rim);
}

interface SimulateFlags {
  readonly deck: string;
  readonly story?: boolean;
  readonly lang: Lang;
  readonly json?: boolean;
}

class ProfileDesk {
  private readonly rim: ProfileRim;

  constructor(rim: ProfileRim) {
    this.rim = rim;
  }

  list({ lang, json }: { readonly lang: Lang; readonly json?: boolean }): void {
    const profiles = shippedProfileIds().map(id => {
      const { profile, findings } = checkProfile(id, name => namedProfile(id).read(name));
      return { id, profile, findings: findings.length };
    });
    const parts = partNames();
    if (json)
      return this.json({
        profiles: profiles.map(({ id, profile, findings }) => ({
          id,
          findings,
          ...(profile
            ? {
                name: profile.name,
                version: profile.version,
                acquirer: profile.acquirer.id,
                terminal: profile.terminal.id,
              }
            : {}),
        })),
        parts,
      });
    this.rim.print('profiles (run --profile <id>)');
    const width = Math.max(...profiles.map(({ id }) => id.length));
    for (const { id, profile, findings } of profiles)
      this.rim.print(
        profile
          ? `  ${id.padEnd(width)}  v${profile.version}  ${profile.name[lang]}  (${profile.acquirer.id}, ${profile.terminal.id})`
          : `  ${id.padEnd(width)}  ${findings} findings: pos8583 profile lint ${id}`,
      );
    this.rim.print('parts (for "extends")');
    for (const [folder, names] of Object.entries(parts))
      for (const { name, holds } of names) this.rim.print(`  ${`${folder}/${name}`.padEnd(44)} ${holds.join(', ')}`);
  }

  async show(name: string, { section, lang, json }: { section?: string; lang: Lang; json?: boolean }): Promise<void> {
    const loaded = await this.load(name);
    if (!loaded.ok) return this.refuse(loaded.fault);
    const profile = loaded.value;
    if (section !== undefined) {
      const found = memberAt(profile, section);
      if (found === undefined)
        return this.refuse(
          fault(
            'E_NOEXIST',
            'no-section',
            `${name} has no ${section}`,
            `Choose one of: ${Object.keys(profile).join(', ')}`,
          ),
          EXIT_FINDING,
        );
      return this.json(found);
    }
    if (json) return this.json(profile);
    const { terminal, acquirer, merchant, policy } = profile;
    const on = Object.entries(profile.transactions).filter(([, row]) => row.enabled);
    const lines: readonly (readonly [string, string])[] = [
      ['profile', `${profile.id} v${profile.version}  ${profile.name[lang]}`],
      ['merchant', `${merchant.name[lang]}  ${merchant.merchantNo}  terminal ${merchant.terminalNo}`],
      [
        'acquirer',
        `${acquirer.id}  ${acquirer.name[lang]}  ${acquirer.routes.join(' ')}  currency ${acquirer.currency}`,
      ],
      [
        'messages',
        `MTI ${profile.dialect.mti}, ${Object.keys(profile.dialect.fields).length} fields, MAC ${acquirer.macAlgorithm}, key mode ${acquirer.keyMode}`,
      ],
      [
        'reversal',
        `${acquirer.reversal.tries} tries, ended by ${acquirer.reversal.finalCodes.join(' ')}, answer within ${acquirer.answerTimeoutSeconds} s`,
      ],
      [
        'terminal',
        `${terminal.id}  ${terminal.rows} x ${terminal.columns} ${terminal.charset}, ${terminal.printColumns || 'no'} printer columns, ${terminal.baud} bit/s`,
      ],
      ['models', terminal.models.length === 0 ? 'any' : terminal.models.map(model => model.name).join(', ')],
      ['keys', keysText(profile)],
      [
        'trades',
        on
          .filter(([, row]) => row.unknownOutcome !== 'none')
          .map(([id, row]) => `${id} (${row.unknownOutcome})`)
          .join(', '),
      ],
      ['language', policy.language],
    ];
    for (const [what, text] of lines) this.rim.print(`${what.padEnd(9)} ${text}`);
    this.rim.print(`sections  ${Object.keys(profile).join(' ')}`);
    const names = namedProfile(name);
    if (name.endsWith(IMAGE_ENDING)) return;
    const merged = readMerged(names.id, source => names.read(source));
    if (!merged.ok) return;
    this.rim.print(`made of   ${merged.value.names.join(' < ')}`);
  }

  make(id: string, flags: NewFlags & { readonly json?: boolean }): void {
    const file = join(flags.output, `${id}.json`);
    const source = newSource(id, file, flags);
    if (!source.ok) return this.refuse(source.fault, EXIT_USAGE);
    const written = writeOutput(file, `${JSON.stringify(source.value, null, 2)}\n`);
    if (!written.ok) return this.refuse(written.fault);
    const named = namedProfile(file);
    const { findings } = checkProfile(named.id, name => named.read(name), named.knownIds);
    if (findings.length > 0) this.rim.setExit(EXIT_FINDING);
    if (flags.json) return this.json({ file: resolve(file), findings: findings.map(findingJson) });
    this.rim.print(`written: ${file}`);
    for (const { pointer, cause } of findings.map(findingJson)) this.rim.print(`  ${pointer} ${cause}`);
    this.rim.print(`next: pos8583 profile lint ${file}`);
  }

  lint(names: readonly string[], { json }: { readonly json?: boolean }): void {
    let count = 0;
    const reports = [];
    for (const name of names) {
      const named = namedProfile(name);
      const checked = checkProfile(named.id, source => named.read(source), named.knownIds);
      const deep = checked.profile ? lintDeep(checked.profile) : [];
      // A card number that was typed where a name belongs is not repeated.
      const shown = maskCards(name);
      const masked = (text: string): string => text.replaceAll(name, shown);
      const findings = [
        ...checked.findings
          .map(findingJson)
          .map(one => ({ ...one, source: masked(one.source), cause: masked(one.cause) })),
        ...deep,
      ];
      const unreadable = checked.findings.some(
        ({ pointer, fault: { code, name: what } }) =>
          pointer === '' && (code === 'E_NOEXIST' || what === 'profile-json'),
      );
      count += findings.length;
      if (unreadable) this.rim.setExit(EXIT_UNREADABLE);
      else if (findings.length > 0) this.rim.setExit(EXIT_FINDING);
      reports.push({ profile: shown, findings });
      if (json) continue;
      for (const { pointer, source, name: what, cause, remedy } of findings)
        this.rim.print(
          `${shown}  ${pointer || '/'}  [${what}]\n  source: ${source}\n  cause:  ${cause}\n  remedy: ${remedy}`,
        );
      if (findings.length === 0) this.rim.print(`${shown}: nothing found`);
    }
    if (json) this.json({ findings: count, profiles: reports });
  }

  async diff(before: string, after: string, { json }: { readonly json?: boolean }): Promise<void> {
    const [a, b] = [await this.load(before), await this.load(after)];
    if (!a.ok) return this.refuse(a.fault);
    if (!b.ok) return this.refuse(b.fault);
    const changes = profileDiff(a.value, b.value);
    if (changes.length > 0) this.rim.setExit(EXIT_FINDING);
    if (json) return this.json({ before, after, changes });
    for (const line of diffLines(changes)) this.rim.print(line);
    this.rim.print(changes.length === 0 ? 'no difference' : `${changes.length} differences`);
  }

  async simulate(name: string, { deck, story, lang, json }: SimulateFlags): Promise<void> {
    const loaded = await this.load(name);
    if (!loaded.ok) return this.refuse(loaded.fault);
    const teller = story && !json ? new Storyteller(loaded.value, lang, text => this.rim.print(text)) : undefined;
    const played = await simulate(loaded.value, deck, record => teller?.tell(record));
    if (!played.ok) return this.refuse(played.fault);
    const { tasks, differences, changed, folder, ok: right } = played.value;
    if (!right) this.rim.setExit(EXIT_FINDING);
    if (json) return this.json(played.value);
    for (const change of changed) this.rim.print(`for this run: ${change}`);
    for (const task of tasks) {
      this.rim.print(
        `${task.ok ? 'ok  ' : 'FAIL'} ${taskLine(task)}; ${task.screens.length} screens, ${task.slips.length} slips`,
      );
      const end = task.screens.findLast(({ step }) => /^(slip|signedOn|settled)/.test(step)) ?? task.screens.at(-1);
      if (end && task.ok) this.rim.print(`     showed ${end.lines.filter(line => line !== '').join(' | ')}`);
      if (task.why !== undefined) this.rim.print(`     why: ${task.why}`);
    }
    for (const difference of differences) this.rim.print(`! ${difference}`);
    this.rim.print(right ? 'the books agree' : `files of this run: ${folder}`);
  }

  schema({ complete, output }: { readonly complete?: boolean; readonly output?: string }): void {
    const text = JSON.stringify(complete ? profileJsonSchema() : sourceJsonSchema(), null, 2);
    if (output === undefined) return this.rim.print(text);
    const written = writeOutput(output, `${text}\n`);
    if (!written.ok) return this.refuse(written.fault);
  }

  /** A complete profile by id, source file or image. */
  private async load(name: string): Promise<Result<Profile>> {
    if (name.endsWith(IMAGE_ENDING)) {
      const bytes = readBytes(name);
      if (!bytes.ok) return bytes;
      const image = readImage(bytes.value);
      if (!image.ok) return image;
      const usable = await usableImage(image.value);
      return usable.ok ? ok(usable.value.profile) : usable;
    }
    const named = namedProfile(name);
    if (named.isFile) {
      const there = readText(name);
      if (!there.ok) return there;
    }
    const { profile, findings } = checkProfile(named.id, source => named.read(source), named.knownIds);
    return profile ? ok(profile) : failed(findings[0].fault);
  }

  private json(value: unknown): void {
    this.rim.print(JSON.stringify(value, null, 2));
  }

  private refuse(f: Fault, status = EXIT_UNREADABLE): void {
    this.rim.printError(faultText(f));
    this.rim.setExit(status);
  }
}

/** A finding with its place in members of its own instead of in its cause. */
function findingJson({ pointer, source, fault: f }: ReturnType<typeof checkProfile>['findings'][number]) {
  const place = `${source}: ${pointer || '/'} `;
  const cause = f.cause.startsWith(place) ? f.cause.slice(place.length) : f.cause;
  return { pointer, source, name: f.name, cause, remedy: f.remedy };
}

/** The member at `policy/saleMaxMinor` or `/policy/saleMaxMinor`. */
function memberAt(value: unknown, path: string): unknown {
  let at = value;
  for (const step of path.replace(/^\//, '').split('/')) {
    const member = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Record<string, unknown>)[member];
  }
  return at;
}

function keysText({ terminal }: Profile): string {
  const mapped = Object.entries(terminal.keymap).map(([device, key]) => `${device} as ${key}`);
  return `${terminal.keys.join(' ')}${mapped.length === 0 ? '' : ` (${mapped.join(', ')})`}`;
}
