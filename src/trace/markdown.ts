import { describeMessage, renderTree, type Lang } from '../iso8583/describe.ts';
import { maskedText } from '../iso8583/mask.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { mtiText } from '../iso8583/subfields.ts';
import { timeText } from './json-lines.ts';
import { Way, type Messages } from './kinds.ts';

/** Messages that a page has; more are only counted, because a page is for reading. */
const MESSAGES_MAX = 1000;

const WORDS = {
  zh: {
    title: '报文记录',
    head: '| 序号 | 时间 (UTC) | 方向 | 连接 | 类型 | 处理码 | 流水号 | 金额 | 应答码 |',
    to: '→ 收单',
    from: '← 收单',
    unknown: '?',
    more: (count: number) => `另有${count}条报文未列出。`,
    note: '卡数据已按方言的白名单隐藏。',
    error: '解码错误',
  },
  en: {
    title: 'Messages',
    head: '| # | time (UTC) | way | stream | type | code | trace number | amount | answer |',
    to: '→ acquirer',
    from: '← acquirer',
    unknown: '?',
    more: (count: number) => `${count} more messages are not listed.`,
    note: 'Card data is hidden by the allow-list of the dialect.',
    error: 'decoding error',
  },
} as const;
const RULE = '| -: | :- | :- | -: | :- | :- | :- | -: | :- |';
/** Columns of the table that are fields: processing code, trace number, amount, answer. */
const COLUMNS = [3, 11, 4, 39];

/** A page in Markdown about messages: a table of all, then a section for each with its fields, card data masked. */
export class MarkdownPage {
  private readonly lang: Lang;
  private readonly rows: string[] = [];
  private readonly sections: string[] = [];
  private count = 0;

  constructor(lang: Lang) {
    this.lang = lang;
  }

  /** Adds the message at the cursor; `view` has decoded its body. */
  add(messages: Messages, view: MessageView): void {
    if (this.count++ >= MESSAGES_MAX) return;
    const { number, timeUs, way, stream, from } = messages;
    const words = WORDS[this.lang];
    const arrow = way === Way.toAcquirer ? words.to : way === Way.fromAcquirer ? words.from : words.unknown;
    const mti = view.end > view.start ? mtiText(view.mti) : '?';
    const cells = [number, timeText(timeUs), arrow, stream, mti, ...COLUMNS.map(field => maskedText(view, field))];
    this.rows.push(`| ${cells.map(cell => escaped(String(cell))).join(' | ')} |`);
    const lines = [
      `## ${number}. ${mti} ${arrow}`,
      '',
      '```',
      renderTree(describeMessage(view, { clear: false, lang: this.lang })),
    ];
    if (view.status !== Status.ok) {
      const { errorField, errorOffset, status } = view;
      lines.push('', `${words.error}: ${StatusText[status][this.lang]} (${errorField}, ${errorOffset - from})`);
    }
    this.sections.push([...lines, '```', ''].join('\n'));
  }

  /** The page, with a line end at its end. */
  text(): string {
    const words = WORDS[this.lang];
    const more = this.count - this.rows.length;
    const notes = more > 0 ? `${words.note} ${words.more(more)}` : words.note;
    const head = [`# ${words.title}`, '', notes, '', words.head, RULE, ...this.rows, ''];
    return [...head, ...this.sections].join('\n');
  }
}

/** Nothing of a value may be taken for Markdown or HTML. */
function escaped(text: string): string {
  return text.replace(/[\\|`*_<>&[\]]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}
