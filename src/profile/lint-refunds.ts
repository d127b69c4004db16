import type { Policy } from './schema.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** Ids of the rules that every policy has; a risk rule of the same name could not be told from them. */
const TAKEN = new Set(['remainder', 'refunded', 'window', 'unlinked', 'partials', 'spacing', 'hold']);

/** Two digits: what the screens about arrival have room for. */
const ARRIVAL_DAYS_MAX = 99;

/** Refund rules that contradict each other. */
export function lintRefunds(policy: Policy, report: Report): void {
  const contradiction = (member: string, cause: string, remedy: string): void =>
    report(`/policy/${member}`, 'policy-contradiction', cause, remedy);
  for (const member of ['refundCardDayMaxMinor', 'refundOperatorDayMaxMinor'] as const)
    if (policy.refundDayMaxMinor > 0 && policy[member] > policy.refundDayMaxMinor)
      contradiction(
        member,
        `is above refundDayMaxMinor (${policy.refundDayMaxMinor})`,
        'The day would always be full first: lower it or write 0',
      );
  for (const [name, channel] of Object.entries(policy.channels))
    for (const [kind, arrival] of Object.entries(channel.arrival)) {
      if (arrival?.unit === 'days' && arrival.latest > ARRIVAL_DAYS_MAX)
        contradiction(
          `channels/${name}/arrival/${kind}/latest`,
          `is ${arrival.latest} working days; at most ${ARRIVAL_DAYS_MAX} fit the screen`,
          'Write fewer days',
        );
      if (arrival && !(arrival.usualMin <= arrival.usualMax && arrival.usualMax <= arrival.latest))
        contradiction(
          `channels/${name}/arrival/${kind}`,
          `is not in order: usualMin ${arrival.usualMin}, usualMax ${arrival.usualMax}, latest ${arrival.latest}`,
          'Write the smallest first: usualMin, usualMax, latest',
        );
    }
  const seen = new Set(TAKEN);
  for (const [index, rule] of policy.risk.entries()) {
    const at = `risk/${index}`;
    if (seen.has(rule.id))
      contradiction(`${at}/id`, `"${rule.id}" is the name of another rule`, 'Give each rule a name of its own');
    seen.add(rule.id);
    if (rule.action === 'hold' && rule.holdSeconds === undefined && policy.refundHoldSeconds === 0)
      contradiction(
        `${at}/action`,
        `"${rule.id}" holds a refund for no time: it has no holdSeconds and refundHoldSeconds is 0`,
        'Write holdSeconds into the rule',
      );
    if (rule.kind === 'afterHours' && rule.from === rule.to)
      contradiction(`${at}/to`, `"${rule.id}" closes when it opens, at ${rule.from}`, 'Write the closing time into to');
  }
}
