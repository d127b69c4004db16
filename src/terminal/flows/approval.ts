import { formatAmount } from '../../units.ts';
import type { ScreenId } from '../../profile/screens.ts';
import type { PromptId } from '../../profile/words.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Guard,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  outcome,
  show,
  isKey,
  isOutcome,
} from '../step.ts';
import type { Judged } from '../types.ts';
import { THREE_BEEPS, commonEnds, passwordSteps, stars, typedAmount, withDraft } from './common.ts';
import { figuresOf } from './figures.ts';

/** Who must agree before money goes back, and what they must have seen: the rules, the first and the second person. */

/** F05-1 and F06-1: the supervisor's password, unless the profile asks for none. */
export function managerSteps(
  profile: PanelProfile,
  name: string,
  id: 'F05.1' | 'F06.1',
  needed: boolean,
  next: string,
  before: readonly Way[] = [],
): Steps {
  if (!needed)
    return {
      [name]: {
        screen: c => busy(c.topic),
        await: () => ({ kind: 'pause', ms: 0 }),
        on: { TIMEOUT: [...before, go(next)] },
      },
    };
  const approved = withDraft(() => ({ approver: '00' }));
  return passwordSteps(profile, name, {
    screen: c => show(id, stars(c)),
    length: () => 6,
    operator: () => '00',
    accepted: [...before, go(next)].map(way => ({
      when: (c, e) => isOutcome(e, 'ok', 'mustChange') && (way.when === undefined || way.when(c, e)),
      to: way.to,
      change: approved,
    })),
    wrong: 'E13',
    triesMax: profile.passwordTries,
  });
}

const both =
  (when: Guard, also: Guard): Guard =>
  (c, e) =>
    when(c, e) && also(c, e);

/** What the rules say: the answer that is just coming in, or the one before. */
const judgedIn = (c: Context, e: Parameters<Guard>[1]): Judged | undefined => doneOf(e).judged ?? c.draft.judged;

const needsSecond: Guard = (c, e) => judgedIn(c, e)?.second === true && c.draft.second === undefined;

/** Everybody has agreed: the card, unless it was read already, and its PIN. */
function agreed(profile: PanelProfile, when: Guard, change?: Change): readonly Way[] {
  const isVoid: Guard = c => c.draft.kind === 'void';
  return [
    // Decided long ago, and agreed to once more: it is taken up again with the one who agreed.
    goWhen(
      both(when, c => c.draft.heldId !== undefined),
      'heldAgreed',
      change,
    ),
    ...(profile.voidNeedsCard
      ? [
          goWhen(
            both(
              when,
              both(isVoid, c => c.draft.card === undefined && c.draft.channel === undefined),
            ),
            'voidCard',
            change,
          ),
        ]
      : []),
    goWhen(both(when, isVoid), 'voidPin', change),
    goWhen(when, 'refundPin', change),
  ];
}

/** The reason is given and the amount confirmed: on to the second person, when one is wanted, else to the card. */
export function decided(profile: PanelProfile, when: Guard, change?: Change): readonly Way[] {
  return [goWhen(both(when, needsSecond), 'approverNumber', change), ...agreed(profile, when, change)];
}

/** F06-9 and F05-4. `next`: the ways on, for the given key. */
export function reasonStep(
  profile: PanelProfile,
  id: Extract<ScreenId, 'F05.4' | 'F06.9'>,
  next: (when: Guard, change: Change, reason: number) => readonly Way[],
): Step {
  return {
    screen: () => show(id, {}),
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        ...([1, 2, 3, 4, 5, 6] as const).flatMap(code =>
          next(
            key(`${code}`),
            withDraft(() => ({ reason: code })),
            code,
          ),
        ),
        goWhen(key('CANCEL'), 'forget'),
      ],
      TIMEOUT: [go('forget')],
    },
  };
}

/**
 * The rules of the shop are asked, once the amount is known: refused with rule and number, each warning confirmed, or on.
 * `again`: where another amount can be typed. The runtime asks them once more right before anything is sent.
 */
export function judgeSteps(
  profile: PanelProfile,
  prefix: 'void' | 'refund',
  next: (when: Guard, change?: Change) => readonly Way[],
  again?: string,
): Steps {
  const name = (part: string): string => `${prefix}${part}`;
  const keepJudged: Change = (c, e) => ({ draft: { ...c.draft, judged: doneOf(e).judged } });
  const refused: Change = (_, e) => ({ rule: doneOf(e).judged?.refused });
  const last: Guard = (c, e) => isKey(e, 'ENTER') && c.page + 1 >= (c.draft.judged?.warnings.length ?? 0);
  return {
    [name('Judge')]: jobStep(
      c => busy(c.topic),
      c => ({ kind: 'judge', draft: c.draft }),
      [
        goWhen(outcome('refused'), name('Refused'), refused),
        goWhen((_, e) => isOutcome(e, 'ok') && (doneOf(e).judged?.warnings.length ?? 0) > 0, name('Warn'), keepJudged),
        ...next(outcome('ok'), keepJudged),
        ...commonEnds(),
      ],
    ),
    /** Rule, number, and what to do. */
    [name('Refused')]: {
      screen: c => {
        const { rule } = c;
        return { kind: 'prompt', title: c.topic, prompt: rule?.prompt ?? 'E89', figures: rule && figuresOf(rule) };
      },
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: {
        KEY: [
          ...(again === undefined ? [] : [goWhen((c, e) => !isKey(e, 'CANCEL') && c.rule?.unit === 'minor', again)]),
          go('forget'),
        ],
        TIMEOUT: [go('forget')],
      },
    },
    [name('Warn')]: {
      screen: c => {
        const rule = c.draft.judged?.warnings[c.page];
        if (rule?.prompt === 'E90' && rule.hours !== undefined)
          return show('F06.8b', { hours: rule.hours, amount: c.draft.amountMinor });
        return {
          kind: 'prompt',
          title: c.topic,
          prompt: rule?.prompt ?? 'E93',
          figures: rule && figuresOf(rule),
          ask: true,
        };
      },
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: {
        KEY: [
          ...next(last),
          { when: key('ENTER'), to: name('Warn'), change: c => ({ page: c.page + 1 }) },
          goWhen(key('CANCEL'), 'forget'),
        ],
        TIMEOUT: [go('forget')],
      },
    },
  };
}

/** F06-10: another person's number and password; blind: that person also types amount and last four digits unseen. */
export function approverSteps(profile: PanelProfile): Steps {
  const blind = (c: Context): boolean => c.draft.judged?.blind === true;
  const ask = (c: Context, entry: string, secret: boolean): ReturnType<Step['screen']> => {
    const amount = c.draft.amountMinor;
    if (c.draft.kind === 'void') return show(secret ? 'F05.10b' : 'F05.10', { amount, entry });
    if (blind(c)) return show(secret ? 'F06.10p' : 'F06.10n', { entry });
    return show(secret ? 'F06.10b' : 'F06.10', { amount, entry });
  };
  const mayApprove = (entry: string, c: Context): PromptId | undefined => {
    if (entry.length < 2) return 'F02.unknown';
    if (entry === c.desk.operator || entry === '99') return 'E15';
    return profile.twoPerson && entry === c.draft.approver ? 'E15' : undefined;
  };
  const approved: Change = withDraft((_, c) => ({ second: c.operator ?? '' }));
  return {
    approverNumber: entryStep(profile, {
      screen: c => ask(c, c.entry, false),
      lengthMax: 2,
      check: mayApprove,
      accept: entry => ({ operator: entry }),
      next: 'approverKnown',
      cancel: 'forget',
    }),
    approverKnown: jobStep(
      c => ask(c, c.operator ?? '', false),
      c => ({ kind: 'operatorKnown', operator: c.operator ?? '' }),
      [
        goWhen(outcome('ok'), 'approverPassword'),
        go('approverNumber', (_, e) => ({ notice: doneOf(e).prompt ?? 'F02.unknown' })),
      ],
    ),
    ...passwordSteps(profile, 'approverPassword', {
      screen: c => ask(c, stars(c).entry, true),
      length: c => (c.operator === '00' ? 6 : 4),
      operator: c => c.operator ?? '',
      accepted: [
        goWhen(both(outcome('ok'), blind), 'approverAmount', approved),
        ...agreed(profile, outcome('ok'), approved),
      ],
      wrong: 'F02.wrong',
      triesMax: profile.passwordTries,
      cancel: 'forget',
    }),
    approverAmount: entryStep(profile, {
      screen: c => show('F06.10c', { entry: formatAmount(typedAmount(c)) }),
      lengthMax: 9,
      amount: true,
      check: entry => (Number(entry) > 0 ? undefined : 'F04.amount'),
      accept: (entry, c) => ({ draft: { ...c.draft, blindMinor: Number(entry) } }),
      next: 'approverDigits',
      cancel: 'forget',
    }),
    approverDigits: entryStep(profile, {
      screen: c => show(c.draft.channel === undefined ? 'F06.10d' : 'F06.10e', { entry: c.entry }),
      lengthMax: 4,
      check: entry => (entry.length === 4 ? undefined : 'E12'),
      accept: entry => ({ entry }),
      next: 'approverBlind',
      cancel: 'forget',
    }),
    approverBlind: jobStep(
      c => busy(c.topic),
      c => ({ kind: 'checkBlind', draft: c.draft, lastFour: c.entry }),
      [...agreed(profile, outcome('ok')), ...commonEnds()],
    ),
  };
}
