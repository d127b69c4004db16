import type { Command } from 'commander';
import { fault, type Fault, faultText, type Result } from '../../fault.ts';
import { readBytes, writeOutput } from '../../node/files.ts';
import { IMAGE_ENDING } from '../../node/image-shelf.ts';
import { makeKeyPair, readPublicKeys, readSigningKey } from '../../node/key-files.ts';
import { namedProfile } from '../../node/profiles.ts';
import { type Downgrade, keyIdOf, type ProfileImage, readImage, signImage, verifyImage } from '../../profile/image.ts';
import { buildImage } from '../../profile/image-build.ts';
import { isSerialNumber, SERIAL_NUMBERS_MAX } from '../../profile/image-manifest.ts';
import { checkProfile, type Profile } from '../../profile/profile.ts';
import { profileWithPictures } from '../flash/pictures.ts';
import { usableImage } from './image-file.ts';
import { imageJson, imageLines } from './image-text.ts';

/** What the commands need of the program. */
export interface ImageRim {
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** A profile with findings; an image that is not right. */
const EXIT_FINDING = 1;
const EXIT_USAGE = 2;
/** A file that cannot be read or written, or is not what it has to be. */
const EXIT_UNREADABLE = 3;

const STATUS_HELP = `
Exit status: 0 done, 1 the profile has findings or the image is not right, 2 wrong flags, 3 a file cannot be read or written.`;

interface BuildFlags {
  readonly output?: string;
  readonly permitDowngradeFrom?: string;
  readonly serial: readonly string[];
  readonly json?: boolean;
}
interface SignFlags {
  readonly key: string;
  readonly output?: string;
  readonly json?: boolean;
}
interface VerifyFlags {
  readonly trust: readonly string[];
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `build`, `keygen`, `sign` and `verify` to `pos8583 profile`. */
export function registerImage(group: Command, rim: ImageRim): void {
  const desk = new ImageDesk(rim);
  group
    .command('build')
    .argument('<profile>', 'id of a shipped profile, or a file of the shop')
    .description('makes the image of a profile that a terminal is flashed with; the same source gives the same bytes')
    .option('-o, --output <file>', `image to write (default: <id>-<version>${IMAGE_ENDING} here)`)
    .option('--permit-downgrade-from <version>', 'the image may replace installed versions up to this one')
    .option('--serial <number>', 'the permission is for this terminal alone; may be repeated', several, [])
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS_HELP)
    .action((profile: string, flags: BuildFlags) => desk.build(profile, flags));
  group
    .command('keygen')
    .argument('<name>', 'name.key and name.pub are made')
    .description(
      'makes a signing key: the private half for the signer alone, the public half for all who flash and run',
    )
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS_HELP)
    .action((name: string, flags: { json?: boolean }) => desk.keygen(name, flags));
  group
    .command('sign')
    .argument('<image>', 'image of `profile build`')
    .description('signs an image; a signature that it has is replaced')
    .requiredOption('--key <file>', 'private key of `profile keygen`')
    .option('-o, --output <file>', 'signed image to write (default: the image itself)')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS_HELP)
    .action((image: string, flags: SignFlags) => desk.sign(image, flags));
  group
    .command('verify')
    .argument('<image>', 'signed image')
    .description('says whether an image is whole, signed by a trusted key and can be run, and what is in it')
    .requiredOption('--trust <pub>', 'public key that may sign; may be repeated', several, [])
    .option('--json', 'JSON instead of text')
    .addHelpText('after', STATUS_HELP)
    .action((image: string, flags: VerifyFlags) => desk.verify(image, flags));
}

/** What a command ends with when it goes wrong. */
interface Refusal {
  readonly status: number;
  readonly fault: Fault;
  /** Further findings of a profile. */
  readonly more?: readonly Fault[];
}

class ImageDesk {
  private readonly rim: ImageRim;

  constructor(rim: ImageRim) {
    this.rim = rim;
  }

  async build(name: string, flags: BuildFlags): Promise<void> {
    const downgrade = permissionOf(flags);
    if (downgrade !== undefined && 'code' in downgrade)
      return this.refuse(flags, { status: EXIT_USAGE, fault: downgrade });
    const named = namedProfile(name);
    if (named.isFile) {
      const there = named.read(named.id);
      if (!there.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: there.fault });
    }
    const { profile, findings } = checkProfile(named.id, source => named.read(source), named.knownIds);
    const faults = profile ? await deepFindings(profile) : findings.map(finding => finding.fault);
    if (!profile || faults.length > 0) {
      const [first, ...more] = faults;
      return this.refuse(flags, {
        status: first.code === 'E_NOEXIST' ? EXIT_UNREADABLE : EXIT_FINDING,
        fault: first,
        more,
      });
    }
    const complete = profileWithPictures(name, profile);
    if (!complete.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: complete.fault });
    const built = readImage(buildImage(complete.value, downgrade === undefined ? {} : { downgrade }));
    const image = built.ok ? await usableImage(built.value) : built;
    if (!image.ok) return this.refuse(flags, { status: EXIT_FINDING, fault: image.fault });
    this.write(flags, flags.output ?? `${profile.id}-${profile.version}${IMAGE_ENDING}`, image.value);
  }

  keygen(name: string, flags: { readonly json?: boolean }): void {
    const made = makeKeyPair(name);
    if (!made.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: made.fault });
    const { privatePath, publicPath, publicKey } = made.value;
    const keyId = Buffer.from(keyIdOf(publicKey)).toString('hex');
    if (flags.json === true) return this.rim.print(JSON.stringify({ ok: true, privatePath, publicPath, keyId }));
    this.rim.print(`key ${keyId}`);
    this.rim.print(`${privatePath}  signs; keep it off the counter, and in a backup`);
    this.rim.print(`${publicPath}  is trusted: --trust ${publicPath} at flash and run`);
  }

  async sign(path: string, flags: SignFlags): Promise<void> {
    const bytes = readBytes(path);
    if (!bytes.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: bytes.fault });
    const key = readSigningKey(flags.key);
    if (!key.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: key.fault });
    // What cannot be run is not signed: a signature is somebody's word for it.
    const unsigned = readImage(bytes.value);
    const usable = unsigned.ok ? await usableImage(unsigned.value) : unsigned;
    if (!usable.ok) return this.refuse(flags, { status: EXIT_FINDING, fault: usable.fault });
    const signed = signImage(bytes.value, key.value);
    const image = signed.ok ? verifyImage(signed.value, [key.value.publicKey]) : signed;
    if (!image.ok) return this.refuse(flags, { status: EXIT_FINDING, fault: image.fault });
    this.write(flags, flags.output ?? path, image.value);
  }

  async verify(path: string, flags: VerifyFlags): Promise<void> {
    const keys = readPublicKeys(flags.trust);
    if (!keys.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: keys.fault });
    const bytes = readBytes(path);
    if (!bytes.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: bytes.fault });
    const image = verifyImage(bytes.value, keys.value);
    const usable = image.ok ? await usableImage(image.value) : image;
    if (!usable.ok) return this.refuse(flags, { status: EXIT_FINDING, fault: usable.fault });
    this.show(flags, path, usable.value);
  }

  private write(flags: { readonly json?: boolean }, path: string, image: ProfileImage): void {
    const written: Result<void> = writeOutput(path, image.bytes);
    if (!written.ok) return this.refuse(flags, { status: EXIT_UNREADABLE, fault: written.fault });
    this.show(flags, path, image);
  }

  private show(flags: { readonly json?: boolean }, path: string, image: ProfileImage): void {
    if (flags.json === true) this.rim.print(JSON.stringify({ ok: true, file: path, ...imageJson(image) }));
    else for (const line of imageLines(path, image)) this.rim.print(line);
  }

  private refuse(flags: { readonly json?: boolean }, { status, fault: problem, more = [] }: Refusal): void {
    if (flags.json === true)
      this.rim.print(JSON.stringify({ ok: false, fault: problem, ...(more.length > 0 ? { more } : {}) }));
    else for (const each of [problem, ...more]) this.rim.printError(faultText(each));
    this.rim.setExit(status);
  }
}

/** What `profile lint` finds by walking the flows: no image is built of what it would not pass. */
async function deepFindings(profile: Profile): Promise<Fault[]> {
  const { lintDeep } = await import('./lint.ts');
  return lintDeep(profile).map(({ source, pointer, name, cause, remedy }) =>
    fault('E_ILLEGAL', name, `${source}: ${pointer} ${cause}`, remedy),
  );
}

/** The permission to go back that the flags ask for; a fault when they make no sense. */
function permissionOf({ permitDowngradeFrom, serial }: BuildFlags): Downgrade | Fault | undefined {
  if (permitDowngradeFrom === undefined)
    return serial.length === 0
      ? undefined
      : usage('--serial names terminals of a permission that is not there', 'Add --permit-downgrade-from');
  if (!/^[1-9]\d{0,8}$/.test(permitDowngradeFrom))
    return usage(`--permit-downgrade-from ${permitDowngradeFrom} is no version`, 'Give a whole number from 1 on');
  const wrong = serial.find(number => !isSerialNumber(number));
  if (wrong !== undefined || serial.length > SERIAL_NUMBERS_MAX)
    return usage(
      wrong === undefined ? `${serial.length} serial numbers are too many` : `--serial "${wrong}" is no serial number`,
      `Give at most ${SERIAL_NUMBERS_MAX}, each of 1 to 32 ASCII characters without blanks`,
    );
  const from = Number(permitDowngradeFrom);
  return serial.length === 0 ? { from } : { from, serialNumbers: [...new Set(serial)].sort() };
}

const usage = (cause: string, remedy: string): Fault => fault('E_ILLEGAL', 'image-flags', cause, remedy);
