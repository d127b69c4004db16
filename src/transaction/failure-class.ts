/**
 * Why something failed, in five classes, each with what speaks for it and what to do. Nothing is guessed: a cause that no
 * evidence names stays unknown.
 */
export type FailureClass = 'system' | 'operator' | 'customer' | 'channel' | 'compatibility';

/** How far the message came: before a connection, while it was sent, while its answer was awaited. */
export type FailurePhase = 'connect' | 'send' | 'receive';

/** A line of the profile about a response code or a local prompt. */
export interface CauseText {
  readonly zh: string;
  readonly en: string;
  readonly actionZh: string;
  readonly actionEn: string;
  /** ok, operator, customer, system, channel, compat */
  readonly class: string;
}

/** What the profile says of codes and prompts. */
export interface CauseTexts {
  readonly responses: Readonly<Record<string, CauseText>>;
  readonly texts: { readonly prompts: Readonly<Record<string, CauseText>> };
}

/** What is known about one failed or unfinished sale, void or refund. All of it is optional; counters start at 0. */
export interface FailureFacts {
  readonly act: 'sale' | 'void' | 'refund';
  /** Data element 39. */
  readonly code?: string;
  /** Local prompt, e.g. `E08`. */
  readonly prompt?: string;
  readonly phase?: FailurePhase;
  /** Name of the fault that the journal keeps (`why` of an outcome), e.g. `bad-mac`. */
  readonly fault?: string;
  /** An answer came after the waiting was over. */
  readonly lateAnswer?: boolean;
  /** The MAC of the answer was wrong. */
  readonly wrongMac?: boolean;
  /** Damaged frames on the terminal's line during this one. */
  readonly damagedFrames?: number;
  /** Repeats on the terminal's line during this one. */
  readonly lineRepeats?: number;
  /** Times that CLEAR was pressed. */
  readonly clears?: number;
  /** The original came from the journal: reference and date were not typed. */
  readonly fromJournal?: boolean;
  /** The profile in force has this rule against it. */
  readonly rule?: string;
}

/** One thing that speaks for the class. */
export interface Evidence {
  readonly what:
    'code' | 'prompt' | 'phase' | 'fault' | 'lateAnswer' | 'wrongMac' | 'line' | 'typing' | 'journal' | 'rule';
  readonly value: string;
}

export interface Failure {
  /** Absent: nothing names a cause. */
  readonly class?: FailureClass;
  /** `[51]余额不足`, `E08 超可退金额`, `unknown [Z9]`. */
  readonly cause: { readonly zh: string; readonly en: string };
  /** The one that decided first. */
  readonly evidence: readonly Evidence[];
  readonly remedy: { readonly zh: string; readonly en: string };
}

/** Damaged frames and repeats in one transaction from which on the line itself is the cause. A good line has none. */
const LINE_TROUBLE_MIN = 3;
/** CLEAR in one transaction from which on the typing counts as evidence. */
const CLEARS_MANY = 3;

/** Remedy when code and prompt say nothing better. */
const REMEDIES: Readonly<Record<FailureClass, { readonly zh: string; readonly en: string }>> = {
  system: { zh: '请技术员检查本机和线路', en: 'Have the technician look at this till and its lines' },
  operator: { zh: '核对原单后重新输入', en: 'Compare with the slip and enter it again' },
  customer: { zh: '请顾客换卡或联系发卡行', en: 'Ask the customer for another card or to call the card bank' },
  channel: { zh: '稍后重试或联系收单机构', en: 'Try again later or call the acquirer' },
  compatibility: { zh: '请技术员核对配置和版本', en: 'Have the technician compare profile and versions' },
};
const NO_REMEDY = { zh: '请联系收单机构并报此代码', en: 'Call the acquirer and tell this code' };

/** Names of faults that the journal keeps, and whose they are. */
const FAULTS: Readonly<Record<string, FailureClass>> = {
  'bad-mac': 'system',
  'connect-failed': 'system',
  'line-closed': 'system',
  // What the journal writes when a restart cut a transaction off.
  'the terminal stopped before the outcome was known': 'system',
  'no-answer': 'channel',
  'closed-before-answer': 'channel',
  'half-answer': 'channel',
  'answer-unusable': 'compatibility',
  'bad-answer': 'compatibility',
  'partial-amount': 'compatibility',
  'pack-error': 'compatibility',
  'frame-length': 'compatibility',
  'track-too-short': 'customer',
  'chip-refused': 'customer',
};

const PHASES: Readonly<
  Record<FailurePhase, { readonly class: FailureClass; readonly zh: string; readonly en: string }>
> = {
  connect: { class: 'system', zh: '连接失败', en: 'no connection' },
  send: { class: 'system', zh: '发送中断', en: 'broken off while sending' },
  receive: { class: 'channel', zh: '没有应答', en: 'no answer' },
};

/**
 * Class, evidence and remedy of a failure. Order: what the line, the keys or a late answer prove stands before what a
 * code says; a code before a prompt; the phase last. `texts`: a profile.
 */
export function classifyFailure(texts: CauseTexts, told: FailureFacts): Failure {
  // The journal keeps the code of an outcome that stayed unknown in the name of its fault: `code-96`.
  const kept = told.code === undefined ? /^code-([0-9A-Z]{2})$/.exec(told.fault ?? '')?.[1] : undefined;
  const facts = kept === undefined ? told : { ...told, code: kept };
  const evidence: Evidence[] = [];
  let decided: FailureClass | undefined;
  const speaks = (found: FailureClass | undefined, what: Evidence['what'], value: string): void => {
    if (found === undefined) return;
    // What agrees with the decision is further evidence; what does not is left out, not counted.
    if (decided === undefined || decided === found) evidence.push({ what, value });
    decided ??= found;
  };
  const noise = (facts.damagedFrames ?? 0) + (facts.lineRepeats ?? 0);
  const code = facts.code === undefined ? undefined : textOf(texts.responses, facts.code);
  const prompt = facts.prompt === undefined ? undefined : textOf(texts.texts.prompts, facts.prompt);
  if (facts.wrongMac) speaks('system', 'wrongMac', 'MAC');
  if (facts.lateAnswer) speaks('channel', 'lateAnswer', '39');
  if (noise >= LINE_TROUBLE_MIN && !code) speaks('system', 'line', String(noise));
  if (facts.code !== undefined) speaks(codeClass(facts, code), 'code', facts.code);
  if (facts.fromJournal && code && ORIGINAL_CODES.has(facts.code ?? '')) speaks('channel', 'journal', '37');
  if (facts.prompt !== undefined) speaks(classOf(prompt), 'prompt', facts.prompt);
  if (facts.fault !== undefined) speaks(FAULTS[facts.fault], 'fault', facts.fault);
  // An answer with a code has passed every phase.
  if (facts.phase !== undefined && facts.code === undefined) speaks(PHASES[facts.phase].class, 'phase', facts.phase);
  if (facts.rule !== undefined) speaks('operator', 'rule', facts.rule);
  if ((facts.clears ?? 0) >= CLEARS_MANY) speaks('operator', 'typing', String(facts.clears));
  return {
    ...(decided === undefined ? {} : { class: decided }),
    cause: causeOf(facts, code, prompt),
    evidence,
    remedy: remedyOf(facts, code, prompt, decided),
  };
}

function textOf(table: Readonly<Record<string, CauseText>>, id: string): CauseText | undefined {
  return Object.hasOwn(table, id) ? table[id] : undefined;
}

/** Codes that say that the original was not found or does not fit. */
const ORIGINAL_CODES: ReadonlySet<string> = new Set(['12', '22', '25', '64']);
/** Codes about money that is not there: in a refund it is the merchant's. */
const FUNDS_CODES: ReadonlySet<string> = new Set(['51']);

function codeClass(
  { act, code = '', fromJournal }: FailureFacts,
  text: CauseText | undefined,
): FailureClass | undefined {
  if (!text) return undefined;
  // The customer pays nothing in a refund: it is the merchant's account that is short.
  if (act === 'refund' && FUNDS_CODES.has(code)) return 'channel';
  // Nobody typed reference and date, so nobody typed them wrong. The window (22) is not about typing.
  if (fromJournal && ORIGINAL_CODES.has(code) && code !== '22') return 'channel';
  return classOf(text);
}

function classOf(text: CauseText | undefined): FailureClass | undefined {
  switch (text?.class) {
    case 'system':
    case 'operator':
    case 'customer':
    case 'channel':
      return text.class;
    case 'compat':
      return 'compatibility';
    default:
      return undefined;
  }
}

function causeOf(facts: FailureFacts, code: CauseText | undefined, prompt: CauseText | undefined): Failure['cause'] {
  if (code) return { zh: `[${facts.code}]${code.zh}`, en: `[${facts.code}]${code.en}` };
  if (facts.code !== undefined) return { zh: `未知 [${facts.code}]`, en: `unknown [${facts.code}]` };
  if (prompt) return { zh: `${facts.prompt} ${prompt.zh}`, en: `${facts.prompt} ${prompt.en}` };
  if (facts.phase !== undefined) return { zh: PHASES[facts.phase].zh, en: PHASES[facts.phase].en };
  if (facts.fault !== undefined) return { zh: facts.fault, en: facts.fault };
  return { zh: '原因不明', en: 'unknown' };
}

function remedyOf(
  facts: FailureFacts,
  code: CauseText | undefined,
  prompt: CauseText | undefined,
  decided: FailureClass | undefined,
): Failure['remedy'] {
  if (decided === undefined) return NO_REMEDY;
  if (facts.act === 'refund' && FUNDS_CODES.has(facts.code ?? ''))
    return { zh: '请财务给商户账户充值后重试', en: "Have finance top up the merchant's account, then try again" };
  for (const text of [code, prompt])
    if (text && classOf(text) === decided && text.actionZh !== '') return { zh: text.actionZh, en: text.actionEn };
  return REMEDIES[decided];
}
