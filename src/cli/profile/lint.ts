import type { Profile } from '../../profile/schema.ts';
import { allSteps, checkSteps } from '../../terminal/machine.ts';
import { panelProfile } from '../../terminal/profile.ts';
import { SENDS, walkSends } from './walk.ts';

export interface DeepFinding {
  readonly pointer: string;
  readonly source: string;
  readonly name: string;
  readonly cause: string;
  readonly remedy: string;
}

/**
 * What only the flows can say of a profile: with its rules and the keys of its terminal, is there a way to send without a
 * step that the policy asks for, and a way to each transaction at all?
 */
export function lintDeep(profile: Profile, steps = allSteps(panelProfile(profile))): readonly DeepFinding[] {
  checkSteps(steps);
  const { gaps, reached, whole } = walkSends(steps, panelProfile(profile), profile);
  const findings: DeepFinding[] = gaps.map(({ kind, missing, path }) => ({
    pointer: '/policy',
    source: profile.id,
    name: 'send-without-step',
    cause: `a ${kind} can be sent although ${missing}; the way: ${path.join(' > ')}`,
    remedy: 'This is a fault of the flows, not of the profile: do not flash it, and report the way',
  }));
  for (const send of SENDS)
    if (!reached.has(send))
      findings.push({
        pointer: '/terminal/keys',
        source: profile.terminal.id,
        name: 'flow-unreachable',
        cause: `no keys of this terminal lead to ${send}`,
        remedy: 'Add the key that its menu needs, or map another one to it in /terminal/keymap',
      });
  if (!whole)
    findings.push({
      pointer: '/policy',
      source: profile.id,
      name: 'walk-not-whole',
      cause: 'the flows have more states than the walk looks at',
      remedy: 'Report it: the way to a send was not checked to the end',
    });
  return findings;
}
