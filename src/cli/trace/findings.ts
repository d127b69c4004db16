import type { Name } from '../../iso8583/plan.ts';
import { explainDetection } from '../../iso8583/explain.ts';
import { answerOf, institutionName, responseTexts } from '../../profile/responses.ts';
import type { Profile } from '../../profile/schema.ts';
import { classifyFailure, type Failure } from '../../transaction/failure-class.ts';
import { formatAmount } from '../../units.ts';
import type { Exchange } from './exchange.ts';
import { durationText } from './lines.ts';

/** Something that is told about a transaction, in one paragraph. */
export interface Finding {
  readonly id: 'outcome' | 'cause' | 'remedy' | 'by' | 'followed' | 'wrong' | 'seen';
  readonly title: Name;
  readonly lines: readonly Name[];
}

const TITLES: Readonly<Record<Finding['id'], Name>> = {
  outcome: { zh: '结果', en: 'outcome' },
  cause: { zh: '原因', en: 'cause' },
  remedy: { zh: '处理', en: 'what to do' },
  by: { zh: '应答方', en: 'answered by' },
  followed: { zh: '后续', en: 'what followed' },
  wrong: { zh: '报文问题', en: 'wrong in the message' },
  seen: { zh: '终端显示', en: 'terminal showed' },
};
const CLASSES: Readonly<Record<NonNullable<Failure['class']>, Name>> = {
  system: { zh: '系统', en: 'this till or its lines' },
  operator: { zh: '操作员', en: 'operator' },
  customer: { zh: '顾客', en: 'customer or card' },
  channel: { zh: '渠道', en: 'acquirer or bank' },
  compatibility: { zh: '兼容', en: 'profile or versions' },
};
const KINDS: Readonly<Record<'approved' | 'final' | 'retry' | 'unknown', Name>> = {
  approved: { zh: '已批准', en: 'approved' },
  final: { zh: '已拒绝，以此为准', en: 'refused; this answer stands' },
  retry: { zh: '未完成，可以重做', en: 'not done; it may be done anew' },
  unknown: { zh: '结果不明', en: 'the outcome is not known' },
};
const two = (zh: string, en: string): Name => ({ zh, en });

/** What a transaction came to, why, what followed and what is to be done. Without a profile only what the bytes say. */
export function findingsOf(exchange: Exchange, profile: Profile | undefined): readonly Finding[] {
  const made: (readonly [Finding['id'], readonly Name[]])[] = [];
  const { request, answer, target } = exchange;
  if (request !== undefined || answer !== undefined) {
    made.push(['outcome', outcome(exchange, profile)]);
    if (profile !== undefined) made.push(...causeOf(exchange, profile));
  } else if (target.mti !== '') {
    made.push(['outcome', [two('本文件没有该交易的请求', 'the request that began it is not in this capture')]]);
  }
  made.push(['followed', followed(exchange, profile)]);
  made.push(['wrong', wrong(exchange, profile)]);
  made.push([
    'seen',
    exchange.screens.map(lines =>
      both(
        lines
          .map(line => line.trim())
          .filter(Boolean)
          .join(' | '),
      ),
    ),
  ]);
  return made.filter(([, lines]) => lines.length > 0).map(([id, lines]) => ({ id, title: TITLES[id], lines }));
}

const both = (text: string): Name => two(text, text);

function outcome({ request, answer, late, closed }: Exchange, profile: Profile | undefined): Name[] {
  if (answer === undefined) {
    const lines = [
      closed === undefined
        ? two('没有收到应答', 'no answer came in time')
        : two(`应答之前连接断开: ${closed}`, `the connection was over before an answer came: ${closed}`),
    ];
    if (late !== undefined) {
      const after = late.latencyUs < 0 ? undefined : durationText(late.latencyUs);
      const code = codeText(late.code, profile);
      lines.push(
        two(
          `冲正发出后才收到应答${code.zh}${after ? `（${after}）` : ''}: #${late.number}`,
          `an answer ${code.en} came after the reversal was sent${after ? ` (after ${after})` : ''}: #${late.number}`,
        ),
      );
    }
    return lines;
  }
  const { code, latencyUs } = answer;
  if (code === '') return [two('应答没有39域', 'the answer has no field 39')];
  const text = codeText(code, profile);
  const lines: Name[] = [];
  if (profile === undefined) lines.push(text);
  else {
    const { kind, known } = answerOf(profile, answer.type, code);
    lines.push(two(`${text.zh}: ${KINDS[kind].zh}`, `${text.en}: ${KINDS[kind].en}`));
    if (!known) lines.push(two(`配置中没有应答码${code}`, `the profile has no line for ${code}`));
  }
  if (latencyUs >= 0) lines.push(two(`用时${durationText(latencyUs)}`, `answered after ${durationText(latencyUs)}`));
  if (request !== undefined && request.amountMinor >= 0 && answer.amountMinor >= 0) {
    const [asked, given] = [formatAmount(request.amountMinor), formatAmount(answer.amountMinor)];
    if (asked !== given)
      lines.push(two(`请求金额${asked}，应答金额${given}`, `${asked} was asked for, ${given} answered`));
  }
  return lines;
}

function codeText(code: string, profile: Profile | undefined): Name {
  if (code === '' || profile === undefined) return both(code === '' ? '' : `[${code}]`);
  return two(
    `[${code}] ${responseTexts(profile, code, 'zh').text}`,
    `[${code}] ${responseTexts(profile, code, 'en').text}`,
  );
}

/** Class, evidence and way out of a refusal or of a missing answer. */
function causeOf(exchange: Exchange, profile: Profile): (readonly [Finding['id'], readonly Name[]])[] {
  const { request, answer, late, institutions } = exchange;
  const made: (readonly [Finding['id'], readonly Name[]])[] = [];
  const type = (answer ?? request)?.type ?? '';
  const approved =
    answer !== undefined && answer.code !== '' && answerOf(profile, type, answer.code).kind === 'approved';
  if (!approved) {
    const act = /refund/i.test(type) ? 'refund' : /void/i.test(type) ? 'void' : 'sale';
    const failure = classifyFailure(profile, {
      act,
      ...(answer === undefined || answer.code === '' ? { phase: 'receive' } : { code: answer.code }),
      ...(late === undefined ? {} : { lateAnswer: true }),
    });
    const who = failure.class === undefined ? two('未知', 'not known') : CLASSES[failure.class];
    const zh = failure.evidence.map(each => evidenceText(each).zh).join('，');
    const en = failure.evidence.map(each => evidenceText(each).en).join(', ');
    made.push(['cause', [two(zh === '' ? who.zh : `${who.zh}（${zh}）`, en === '' ? who.en : `${who.en} (${en})`)]]);
    made.push(['remedy', remedyOf(exchange, profile, failure)]);
  }
  const issuer = institutions.slice(0, 11).trim();
  if (issuer !== '')
    made.push(['by', [two(institutionName(profile, issuer, 'zh'), institutionName(profile, issuer, 'en'))]]);
  return made;
}

function evidenceText({ what, value }: Failure['evidence'][number]): Name {
  switch (what) {
    case 'code':
      return two(`应答码${value}`, `code ${value}`);
    case 'lateAnswer':
      return two('应答迟到', 'the answer came late');
    case 'phase':
      return two('没有应答', 'no answer');
    default:
      return both(`${what} ${value}`);
  }
}

/** While an outcome is open, doing it again may move the money twice: what is to be done depends on what followed. */
function remedyOf(exchange: Exchange, profile: Profile, failure: Failure): Name[] {
  if (!isOpen(exchange, profile)) return [failure.remedy];
  switch (ruleOf(exchange, profile)) {
    case 'unknown':
      return [
        two('不要再做一次: 先查询结果', 'Do not do it again: first find out what became of it'),
        two(
          '查询，或由主管登记结果（pos8583 refund）',
          'Ask the acquirer, or let a supervisor enter it (pos8583 refund)',
        ),
      ];
    case 'reverse':
      if (isReversed(exchange, profile)) {
        return [two('该交易未生效，可以重做', 'It was undone, no money moved: it may be done again'), failure.remedy];
      }
      return [two('等待冲正完成后再重做', 'Wait until the reversal is done, then do it again')];
    default:
      return [failure.remedy];
  }
}

/** Nobody knows yet whether money moved, or only a reversal has said so. */
function isOpen({ request, answer }: Exchange, profile: Profile): boolean {
  if (answer === undefined || answer.code === '') return true;
  return answerOf(profile, (answer.type || request?.type) ?? '', answer.code).kind === 'unknown';
}

function ruleOf(
  { request, answer }: Exchange,
  profile: Profile | undefined,
): 'reverse' | 'unknown' | 'none' | undefined {
  return profile?.transactions[(answer ?? request)?.type ?? '']?.unknownOutcome;
}

function isReversed({ reversalAnswer }: Exchange, profile: Profile | undefined): boolean {
  if (reversalAnswer === undefined) return false;
  const { code } = reversalAnswer;
  return profile?.acquirer.reversal.finalCodes.includes(code) ?? code === '00';
}

/** Reversals, and what should have followed and did not. */
function followed(exchange: Exchange, profile: Profile | undefined): Name[] {
  const { request, answer, late, reversals, reversalAnswer } = exchange;
  if (reversals.length > 0) {
    const numbers = reversals.map(({ number }) => `#${number}`).join(', ');
    const sent = two(`已发冲正${numbers}`, `reversal sent: ${numbers}`);
    if (reversalAnswer === undefined) {
      return [sent, two('冲正没有应答: 仍待完成', 'no answer to the reversal: it is still owed')];
    }
    const text = codeText(reversalAnswer.code, profile);
    const { number } = reversalAnswer;
    if (!isReversed(exchange, profile)) {
      return [sent, two(`冲正未成功${text.zh}: 仍待完成`, `the reversal was refused ${text.en}: it is still owed`)];
    }
    return [sent, two(`冲正完成 ${text.zh}: #${number}`, `the reversal is done ${text.en}: #${number}`)];
  }
  if (request === undefined || profile === undefined || late !== undefined || !isOpen(exchange, profile)) return [];
  switch (ruleOf(exchange, profile)) {
    case 'reverse':
      return [
        two(
          '本文件中没有冲正: 应在下一笔联机交易前发出',
          'no reversal in this capture: one is owed before the next online message',
        ),
      ];
    case 'unknown':
      return [
        two(
          '没有冲正: 结果明确之前原交易锁定',
          'it has no reversal: the original is locked until the outcome is known',
        ),
      ];
    default:
      return answer === undefined ? [two('该报文不涉及资金', 'no money moves with this message')] : [];
  }
}

/** What does not fit the dialect, or is not there although the profile asks for it. */
function wrong({ found, target }: Exchange, profile: Profile | undefined): Name[] {
  const lines = explainDetection(found, found.view.message).map(each => {
    const zh = each.field < 2 ? each.path : `${each.path}域`;
    const en = each.field < 2 ? each.path : `field ${each.path}`;
    return two(
      `${zh}，偏移${each.offset}: ${each.zh}；应为${each.expected.zh}，实为${each.found.zh}`,
      `${en}, offset ${each.offset}: ${each.en}; expected ${each.expected.en}, found ${each.found.en}`,
    );
  });
  const transaction = profile?.transactions[target.type];
  const approved =
    profile !== undefined && target.code !== '' && answerOf(profile, target.type, target.code).kind === 'approved';
  if (transaction === undefined || target.trouble !== undefined || (target.answer && !approved)) return lines;
  const { mandatory } = target.answer ? transaction.response : transaction.request;
  const missing = mandatory.filter(field => !found.view.has(field));
  if (missing.length > 0) {
    lines.push(
      two(`缺少${missing.join(', ')}域`, `the profile asks for field ${missing.join(', ')}, which is not there`),
    );
  }
  return lines;
}
