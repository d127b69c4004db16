import { Option, type Command } from 'commander';
import { type Fault, fault, faultText, type Result } from '../../fault.ts';
import type { LocalTime } from '../../hal/hal.ts';
import { type Journal, JournalFailure } from '../../journal/journal.ts';
import type { Profile } from '../../profile/profile.ts';
import type { Verdict } from '../../transaction/refund-rules.ts';
import { ACTION_WORDS, findingText } from '../../transaction/refund-words.ts';
import { digits, formatAmount } from '../../units.ts';
import { columnsOf } from '../../wire/gbk.ts';
import { type Judged, judgePast } from './past.ts';
import { type Lang, policySentences } from './text.ts';

/** What the command needs from the rim. */
export interface PolicyRim {
  loadProfile(id: string): Promise<Result<Profile>>;
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  nowMs(): number;
  local(ms: number): LocalTime;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

const EXIT_USAGE = 2;
const DAY_MS = 86_400_000;
const ACTIONS = ['allow', 'warn', 'approve', 'hold', 'refuse'] as const satisfies readonly Verdict['action'][];

interface ExplainOptions {
  readonly lang: Lang;
}

interface SimulateOptions extends ExplainOptions {
  readonly journal: string;
  readonly days: string;
  readonly json?: boolean;
}

/** Adds `pos8583 policy explain|simulate`: says what a policy means, and what it would have done; changes nothing. */
export function register(program: Command, rim: PolicyRim): void {
  const policy = program
    .command('policy')
    .description('the refund rules of a profile: in words, and tried on the past');
  const lang = (): Option => new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en');
  policy
    .command('explain')
    .argument('<profile>', 'id or file of a profile')
    .description('the rules in plain sentences')
    .addOption(lang())
    .action(async (id: string, options: ExplainOptions) => {
      const profile = await rim.loadProfile(id);
      if (!profile.ok) return refuse(rim, profile.fault);
      const { name, version } = profile.value;
      rim.print(`${id} v${version}  ${name[options.lang]}`);
      for (const sentence of policySentences(profile.value.policy, options.lang)) rim.print(`- ${sentence}`);
    });
  policy
    .command('simulate')
    .argument('<profile>', 'id or file of a profile')
    .description('what the rules would have said to the refunds and voids of a journal')
    .requiredOption('--journal <file>', 'the journal file')
    .option('--days <n>', 'how many days back', '90')
    .option('--json', 'JSON instead of text')
    .addOption(lang())
    .addHelpText('after', '\nExit status: 0 done, 2 flags, profile or journal cannot be used.')
    .action((id: string, options: SimulateOptions) => simulate(rim, id, options));
}

function refuse(rim: PolicyRim, f: Fault): void {
  rim.printError(faultText(f));
  rim.setExit(EXIT_USAGE);
}

async function simulate(rim: PolicyRim, id: string, options: SimulateOptions): Promise<void> {
  const days = /^[1-9]\d{0,3}$/.test(options.days) ? Number(options.days) : 0;
  if (days === 0)
    return refuse(rim, fault('E_ILLEGAL', 'days', '--days is no number of 1 to 9999', 'Write for example --days 90'));
  const profile = await rim.loadProfile(id);
  if (!profile.ok) return refuse(rim, profile.fault);
  let journal: Result<Journal> | undefined;
  try {
    journal = rim.openJournal(options.journal);
    if (!journal.ok) return refuse(rim, journal.fault);
    const toMs = rim.nowMs() + 1;
    const span = { fromMs: toMs - days * DAY_MS, toMs };
    const judged = judgePast(journal.value, profile.value.policy, span, ms => rim.local(ms));
    if (options.json) rim.print(JSON.stringify(report(id, profile.value, days, judged), null, 2));
    else printText(rim, id, profile.value, days, judged, options.lang);
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault);
  } finally {
    if (journal?.ok) journal.value.close();
  }
}

/** Counts of one act by what the policy says. */
interface Totals {
  readonly count: number;
  readonly amountMinor: number;
  readonly actions: Readonly<Record<Verdict['action'], number>>;
  readonly refusedMinor: number;
}

function totalsOf(judged: readonly Judged[]): Totals {
  const actions = { allow: 0, warn: 0, approve: 0, hold: 0, refuse: 0 };
  let amountMinor = 0;
  let refusedMinor = 0;
  for (const { attempt, verdict } of judged) {
    actions[verdict.action]++;
    amountMinor += attempt.amountMinor;
    if (verdict.action === 'refuse') refusedMinor += attempt.amountMinor;
  }
  return { count: judged.length, amountMinor, actions, refusedMinor };
}

function sums(judged: readonly Judged[]) {
  const of = (act: 'refund' | 'void'): Totals => totalsOf(judged.filter(one => one.attempt.act === act));
  const rules: Record<string, number> = {};
  for (const { verdict } of judged)
    for (const rule of new Set(verdict.findings.map(one => one.rule))) rules[rule] = (rules[rule] ?? 0) + 1;
  return {
    refunds: of('refund'),
    voids: of('void'),
    rules,
    secondPersons: judged.filter(({ verdict }) => verdict.second && verdict.action !== 'refuse').length,
    voidsInstead: judged.filter(({ verdict }) => verdict.voidInstead).length,
    keysMore: judged.reduce((sum, one) => sum + one.keysMore, 0),
  };
}

function report(id: string, { version }: Profile, days: number, judged: readonly Judged[]): object {
  return {
    profile: id,
    version,
    days,
    ...sums(judged),
    attempts: judged.map(({ txn, attempt, verdict, keysMore }) => ({
      id: txn.id,
      atMs: attempt.atMs,
      kind: txn.kind,
      state: txn.state,
      operator: attempt.operator,
      amountMinor: attempt.amountMinor,
      keysMore,
      ...verdict,
    })),
  };
}

const WORDS = {
  zh: {
    none: '这段时间没有退货或撤销。',
    tried: '天内的退货和撤销, 按策略',
    refund: '退货',
    void: '撤销',
    voidInstead: '可改做撤销',
    count: '笔数',
    amount: '金额',
    rules: '触发的规则',
    refused: '被拒绝金额',
    second: '须第二人复核',
    instead: '可改做撤销',
    keys: '多按键次数',
  },
  en: {
    none: 'There was no refund and no void in this time.',
    tried: 'days of refunds and voids under',
    refund: 'refund',
    void: 'void',
    voidInstead: 'a void would do',
    count: 'count',
    amount: 'amount',
    rules: 'rules that spoke',
    refused: 'amount refused',
    second: 'second persons',
    instead: 'voids instead',
    keys: 'key presses more',
  },
} as const;

function printText(
  rim: PolicyRim,
  id: string,
  { version }: Profile,
  days: number,
  judged: readonly Judged[],
  lang: Lang,
): void {
  const words = WORDS[lang];
  rim.print(`${days} ${words.tried} ${id} v${version}`);
  if (judged.length === 0) return rim.print(words.none);
  for (const one of judged) {
    const { txn, attempt, verdict } = one;
    if (verdict.action === 'allow' && !verdict.voidInstead) continue;
    rim.print(
      `${padded(ACTION_WORDS[verdict.action][lang], 8)} ${digits(txn.id, 6)}  ${timeText(attempt.local)}  ${words[attempt.act]}  ${formatAmount(attempt.amountMinor, true)}`,
    );
    for (const finding of verdict.findings)
      rim.print(`           ${ACTION_WORDS[finding.action][lang]}: ${findingText(finding, lang)}`);
    if (verdict.voidInstead) rim.print(`           ${words.voidInstead}`);
  }
  const all = sums(judged);
  const row = (...cells: string[]): string => cells.map((cell, index) => (index === 0 ? padded(cell, 8) : right(cell))).join(''); // prettier-ignore
  rim.print('');
  rim.print(row('', words.count, words.amount, ...ACTIONS.map(action => ACTION_WORDS[action][lang])));
  for (const act of ['refund', 'void'] as const) {
    const { count, amountMinor, actions } = all[`${act}s`];
    rim.print(
      row(
        words[act],
        String(count),
        formatAmount(amountMinor, true),
        ...ACTIONS.map(action => String(actions[action])),
      ),
    );
  }
  const spoke = Object.entries(all.rules).map(([rule, count]) => `${rule} ${count}`);
  rim.print(`${words.rules}: ${spoke.join(', ') || '-'}`);
  rim.print(`${words.refused}: ${formatAmount(all.refunds.refusedMinor + all.voids.refusedMinor, true)}`);
  rim.print(
    `${words.second}: ${all.secondPersons}; ${words.instead}: ${all.voidsInstead}; ${words.keys}: ${all.keysMore}`,
  );
}

const padded = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
const right = (text: string): string => ' '.repeat(Math.max(1, 14 - columnsOf(text))) + text;

/** `2026-11-21 14:03` */
function timeText({ year, month, day, hour, minute }: LocalTime): string {
  return `${year}-${digits(month, 2)}-${digits(day, 2)} ${digits(hour, 2)}:${digits(minute, 2)}`;
}
