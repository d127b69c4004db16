import { failed, fault, ok, type Result } from '../../fault.ts';
import { fileThere, namedProfile, shippedProfileIds } from '../../node/profiles.ts';
import { checkProfile } from '../../profile/profile.ts';

export interface NewFlags {
  readonly from: string;
  readonly acquirer?: string;
  readonly terminal?: string;
  readonly merchantNo?: string;
  readonly terminalNo?: string;
  readonly nameZh?: string;
  readonly nameEn?: string;
  readonly output: string;
}

const ID = /^[a-z0-9][a-z0-9-]{0,39}$/;

/**
 * The source of a new complete profile: what it extends, and the members of the shop that were given. Refuses an id that
 * is taken, a file that is there, and bases that do not exist.
 */
export function newSource(id: string, file: string, flags: NewFlags): Result<object> {
  const refuse = (name: string, cause: string, remedy: string): Result<never> =>
    failed(fault('E_ILLEGAL', name, cause, remedy));
  if (!ID.test(id)) return refuse('profile-id', `"${id}" is no id`, 'Use up to 40 small letters, digits and hyphens');
  if (shippedProfileIds().includes(id)) return refuse('profile-id', `${id} is a shipped profile`, 'Choose another id');
  if (fileThere(file)) return refuse('file-there', `${file} is there already`, 'Choose another id, or edit that file');
  const from = namedProfile(flags.from);
  const base = checkProfile(from.id, name => from.read(name), from.knownIds);
  if (!base.profile) return failed(base.findings[0].fault);
  const here = namedProfile(file);
  const parts = [flags.acquirer, flags.terminal].filter(part => part !== undefined);
  for (const part of parts) {
    const there = here.read(part);
    if (!there.ok)
      return refuse(
        'part-missing',
        `there is no part ${part}`,
        '`pos8583 profile list` names the shipped ones; your own lie in a folder beside the file',
      );
  }
  if (!here.read(from.id).ok)
    return refuse(
      'profile-base',
      `${flags.from} does not lie beside ${file}`,
      'Write the new profile into the same folder (-o)',
    );
  const { profile } = base;
  const { merchant } = profile;
  const name = { zh: flags.nameZh ?? merchant.name.zh, en: flags.nameEn ?? merchant.name.en };
  return ok({
    id,
    name,
    version: 1,
    extends: [from.id, ...parts],
    merchant: {
      name,
      merchantNo: flags.merchantNo ?? merchant.merchantNo,
      terminalNo: flags.terminalNo ?? merchant.terminalNo,
    },
  });
}
