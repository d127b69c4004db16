import { type ScreenId, SCREENS } from '../../profile/screens.ts';
import { type AnswerRow, type Answer, explainArrival, type Question } from '../../transaction/arrival.ts';
import type { PanelProfile } from '../profile.ts';
import { FIRST_CONTEXT, goWhen, key, keypad, go, show, type Steps, type Way, isKey } from '../step.ts';
import type { ScreenSpec } from '../types.ts';

/** Help: what an entry asks for and where it stands on the slip (FN), and the questions that customers ask (manage 8). */

/** The questions of the counter, as the states of a refund that answer them; the words are those of the explanation. */
const QUESTIONS: Readonly<Record<Exclude<AnswerRow, 'either' | 'holiday' | 'slow'>, Question>> = {
  debit: { state: 'ACCEPTED', channel: 'card', card: 'debit' },
  credit: { state: 'ACCEPTED', channel: 'card', card: 'credit' },
  foreign: { state: 'ACCEPTED', channel: 'card', card: 'foreign' },
  balance: { state: 'ACCEPTED', channel: 'wechat', card: 'balance' },
  phone: { state: 'ACCEPTED', channel: 'card', card: 'debit', phone: true },
  late: { state: 'ACCEPTED', channel: 'card', card: 'debit', late: true },
  lowBalance: { state: 'ACCEPTED', channel: 'wechat', card: 'balance', lowBalance: true },
  cleared: { state: 'CLEARED', channel: 'card', card: 'debit' },
  arrived: { state: 'ARRIVED', channel: 'card', card: 'debit' },
  voided: { state: 'VOIDED', channel: 'card', card: 'debit' },
  abnormal: { state: 'ABNORMAL', channel: 'card', card: 'debit' },
  redirected: { state: 'REDIRECTED', channel: 'card', card: 'debit' },
  closed: { state: 'CLOSED', channel: 'wechat', card: 'balance' },
  unknown: { state: 'UNKNOWN', channel: 'card', card: 'debit' },
  held: { state: 'HELD', channel: 'card', card: 'debit' },
  stopped: { state: 'STOPPED', channel: 'card', card: 'debit' },
  declined: { state: 'DECLINED', channel: 'card', card: 'debit' },
  failed: { state: 'FAILED', channel: 'card', card: 'debit' },
  manual: { state: 'MANUAL', channel: 'card', card: 'debit' },
  external: { state: 'EXTERNAL', channel: 'card', card: 'debit' },
  sending: { state: 'SENT', channel: 'card', card: 'debit' },
  awaiting: { state: 'AWAIT_APPROVAL', channel: 'card', card: 'debit' },
};

/** Manage 8: the support phone, then one answer a page. */
export function helpSteps(profile: PanelProfile): Steps {
  const answers: readonly Answer[] = Object.values(QUESTIONS).map(explainArrival);
  return {
    help: {
      screen: c => {
        const answer = answers[c.page - 1];
        if (!answer) return show('HELP', { phone: profile.servicePhone });
        return show('FAQ', {
          askZh: answer.zh.tag,
          askEn: answer.en.tag,
          sayZh: answer.zh.line2,
          sayEn: answer.en.line2,
          moreZh: answer.zh.line3,
          moreEn: answer.en.line3,
          whoZh: answer.zh.who,
          whoEn: answer.en.who,
        });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          { when: (c, e) => isKey(e, 'DOWN', 'ENTER') && c.page < answers.length, change: c => ({ page: c.page + 1 }) },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('CANCEL', 'ENTER'), 'menuManage'),
        ],
        TIMEOUT: [go('menuManage')],
      },
    },
  };
}

const HELP = '.help';

/** The help of each screen that has one: the screen of its id with `.help` behind it. */
const HELPS = new Map<ScreenId, ScreenId>();
for (const id of Object.keys(SCREENS) as ScreenId[])
  if (id.endsWith(HELP)) HELPS.set(id.slice(0, -HELP.length) as ScreenId, id);

const helpOf = (spec: ScreenSpec): ScreenId | undefined => (spec.kind === 'screen' ? HELPS.get(spec.id) : undefined);

/**
 * The steps of a flow with the FN key added to each whose screen has a help: it shows that, and any key leads back to what
 * was typed so far. The step keeps its time-out: a help that nobody reads ends in the step.
 */
export function withHelp(flow: Steps, profile: PanelProfile): Steps {
  const waiting = keypad(profile.operationTimeoutMs);
  for (const [name, step] of Object.entries(flow)) {
    const { KEY } = step.on;
    if (KEY === undefined || helpOf(step.screen(FIRST_CONTEXT)) === undefined) continue;
    const back = [{ to: name }];
    flow[`${name}Help`] = {
      screen: c => show(helpOf(step.screen(c)) ?? 'HELP', {}),
      await: waiting,
      on: { KEY: back, TIMEOUT: back },
    };
    const help: Way = {
      when: (c, e) => isKey(e, 'FN') && helpOf(step.screen(c)) !== undefined,
      to: `${name}Help`,
    };
    flow[name] = { ...step, on: { ...step.on, KEY: [help, ...KEY] } };
  }
  return flow;
}
