import { statFault } from '../../device/stat.ts';
import { Kind, Link } from '../../trace/kinds.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { toHex } from '../../wire/hex.ts';
import { PacketEvent, PacketReceiver } from '../../wire/packet.ts';
import type { Lang } from './rim.ts';

/** Where a record stands beside the others of its time. */
export type Lane = 'keys' | 'screen' | 'serial' | 'acquirer' | 'journal' | 'all';

export interface RecordText {
  readonly lane: Lane;
  /** A word or two. */
  readonly what: string;
  readonly lines: readonly string[];
}

interface Words {
  readonly zh: string;
  readonly en: string;
}

const WORDS = {
  session: { zh: '程序启动', en: 'program starts' },
  profile: { zh: '配置', en: 'profile' },
  end: { zh: '程序结束', en: 'program ends' },
  lineOpen: { zh: '打开串口', en: 'open line' },
  lineOpened: { zh: '串口已开', en: 'line is open' },
  lineClosed: { zh: '串口断开', en: 'line is lost' },
  lineClose: { zh: '关闭串口', en: 'close line' },
  hostConnect: { zh: '连接', en: 'connect' },
  hostConnected: { zh: '已连接', en: 'connected' },
  hostClosed: { zh: '连接断开', en: 'connection over' },
  hostClose: { zh: '断开连接', en: 'disconnect' },
  journal: { zh: '日志', en: 'journal' },
  control: { zh: '控制', en: 'control' },
  noticed: { zh: '通知', en: 'notice' },
  screen: { zh: '屏幕', en: 'screen' },
  key: { zh: '按键', en: 'key' },
  card: { zh: '卡片', en: 'card' },
  slip: { zh: '签购单', en: 'slip' },
  terminal: { zh: '终端', en: 'terminal' },
  serial: { zh: '串口', en: 'serial' },
  training: { zh: '练习', en: 'training' },
  damaged: { zh: '报文损坏', en: 'damaged packet' },
} as const satisfies Record<string, Words>;

/** What the commands of the terminal line are for. */
// prettier-ignore
const COMMANDS: Readonly<Record<string, Words>> = {
  OPN: { zh: '打开', en: 'open' }, CLO: { zh: '关闭', en: 'close' }, CLX: { zh: '关闭', en: 'close' },
  GIX: { zh: '设备信息', en: 'device facts' }, XID: { zh: '面板信息', en: 'panel facts' },
  XDS: { zh: '显示', en: 'show screen' }, DSP: { zh: '显示', en: 'show text' }, DEX: { zh: '显示', en: 'show text' },
  DSI: { zh: '显示图片', en: 'show picture' }, XBP: { zh: '蜂鸣', en: 'beep' }, XEV: { zh: '等待事件', en: 'wait for event' },
  CEX: { zh: '等待事件', en: 'wait for event' }, GKY: { zh: '等待按键', en: 'wait for key' }, GCD: { zh: '输入', en: 'ask digits' },
  MNU: { zh: '菜单', en: 'menu' }, RMC: { zh: '请取卡', en: 'remove card' }, GCX: { zh: '读卡', en: 'read card' },
  GTK: { zh: '读磁道', en: 'read tracks' }, GOX: { zh: '处理芯片', en: 'go on with chip' }, FCX: { zh: '结束芯片', en: 'finish chip' },
  GPN: { zh: '输入密码', en: 'ask PIN' }, EBX: { zh: '加密', en: 'encrypt' }, XPS: { zh: '打印机状态', en: 'printer state' },
  XPR: { zh: '打印', en: 'print' }, TLI: { zh: '参数表开始', en: 'tables begin' }, TLR: { zh: '参数表', en: 'table' },
  TLE: { zh: '参数表结束', en: 'tables end' }, LMF: { zh: '列出图片', en: 'list pictures' }, MLI: { zh: '图片开始', en: 'picture begins' },
  MLR: { zh: '图片', en: 'picture part' }, MLE: { zh: '图片结束', en: 'picture ends' }, DMF: { zh: '删除图片', en: 'delete pictures' },
  XLQ: { zh: '槽位查询', en: 'ask slots' }, XLI: { zh: '刷写开始', en: 'image begins' }, XLR: { zh: '刷写', en: 'image part' },
  XLE: { zh: '刷写结束', en: 'image ends' }, XLA: { zh: '试用', en: 'image on trial' }, XLC: { zh: '确认', en: 'image confirmed' },
  ERR: { zh: '错误', en: 'error' },
};
const COMMAND = /^[A-Z]{3}$/;
/** A trace of somebody else may hold what a screen takes for commands. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** What is told of a process that begins. */
const SESSION: readonly string[] = ['version', 'profile', 'profileVersion', 'lang', 'zone'];
const DIGEST_LENGTH = 32;
const STAT_TIMEOUT = 12;

/** Tells records that are no messages, in a few words. */
export class RecordTeller {
  private readonly lang: Lang;
  /** The two ways of the lines: packets may come in pieces. */
  private readonly toTerminal = new PacketReceiver();
  private readonly fromTerminal = new PacketReceiver();

  constructor(lang: Lang) {
    this.lang = lang;
  }

  /** Undefined for a record of which there is nothing to say: a clock, an alarm, a part of the start state, an acknowledgement. */
  tell(reader: TraceReader): RecordText | undefined {
    const told = this.text(reader);
    if (told === undefined || reader.link !== Link.training) return told;
    return { ...told, what: `${WORDS.training[this.lang]}: ${told.what}` };
  }

  private text(reader: TraceReader): RecordText | undefined {
    switch (reader.kind) {
      case Kind.session:
        return this.made('all', 'session', sessionLines(textOf(reader)));
      case Kind.end:
        return this.made('all', 'end', reader.texts());
      case Kind.lineOpen:
        this.toTerminal.reset();
        this.fromTerminal.reset();
        return this.made('serial', 'lineOpen', []);
      case Kind.lineOpened:
        return this.made('serial', 'lineOpened', []);
      case Kind.lineClosed:
        return this.made('serial', 'lineClosed', reader.texts());
      case Kind.lineClose:
        return this.made('serial', 'lineClose', []);
      case Kind.lineIn:
        return this.packets(reader, this.fromTerminal, false);
      case Kind.lineOut:
        return this.packets(reader, this.toTerminal, true);
      case Kind.hostConnect:
        return this.made('acquirer', 'hostConnect', reader.texts(4));
      case Kind.hostConnected:
        return this.made('acquirer', 'hostConnected', []);
      case Kind.hostClosed:
        return this.made('acquirer', 'hostClosed', reader.texts());
      case Kind.hostClose:
        return this.made('acquirer', 'hostClose', []);
      case Kind.journal:
        return this.journal(reader);
      case Kind.control:
        return this.made('all', 'control', reader.texts());
      case Kind.noticed:
        return this.made('all', 'noticed', reader.texts());
      case Kind.screen:
        return this.made('screen', 'screen', reader.texts().slice(1));
      case Kind.key:
        return this.made('keys', 'key', reader.texts().slice(1));
      case Kind.card:
        return this.made('keys', 'card', reader.texts());
      case Kind.slip:
        return this.made('screen', 'slip', reader.texts());
      case Kind.terminal:
        return this.made('serial', 'terminal', reader.texts());
      default:
        return undefined;
    }
  }

  private made(lane: Lane, word: keyof typeof WORDS, lines: readonly string[]): RecordText {
    const visible = lines.map(line => line.replace(CONTROL, '·').trimEnd());
    return { lane, what: WORDS[word][this.lang], lines: visible.filter(line => line !== '') };
  }

  private journal(reader: TraceReader): RecordText | undefined {
    if (reader.to - reader.from < 4 + DIGEST_LENGTH) return undefined;
    const number = reader.view.getUint32(reader.from);
    const digest = toHex(reader.bytes, reader.from + 4, reader.from + 8).toLowerCase();
    return this.made('journal', 'journal', [`#${number}`, ...reader.texts(4 + DIGEST_LENGTH), digest]);
  }

  /** The packets that end in this piece; undefined when none does. */
  private packets(reader: TraceReader, receiver: PacketReceiver, out: boolean): RecordText | undefined {
    const lines: string[] = [];
    for (let at = reader.from; at < reader.to; at++) {
      const event = receiver.push(reader.bytes[at]);
      if (event === PacketEvent.nak) lines.push('NAK');
      else if (event === PacketEvent.can) lines.push('CAN');
      else if (event === PacketEvent.eot) lines.push('EOT');
      else if (event === PacketEvent.bad) lines.push(`${WORDS.damaged[this.lang]} (${receiver.fault})`);
      else if (event === PacketEvent.packet) lines.push(this.packet(receiver, out));
    }
    return lines.length === 0
      ? undefined
      : this.made(
          'serial',
          'serial',
          lines.map(line => `${out ? '→' : '←'} ${line}`),
        );
  }

  private packet({ data, length }: PacketReceiver, out: boolean): string {
    const name = String.fromCharCode(...data.subarray(0, 3));
    // Inside of a secure session nothing of a packet is readable.
    if (length < 3 || !COMMAND.test(name)) return this.lang === 'zh' ? `${length}字节` : `${length} bytes`;
    const word = COMMANDS[name] as Words | undefined;
    if (out) return word === undefined ? name : `${name} ${word[this.lang]}`;
    const stat = /^\d{3}$/.exec(String.fromCharCode(...data.subarray(3, 6)))?.[0];
    if (stat === undefined || Number(stat) === 0) return `${name} ${stat ?? ''}`.trimEnd();
    if (Number(stat) === STAT_TIMEOUT) return `${name} ${stat} ${this.lang === 'zh' ? '超时' : 'timeout'}`;
    return `${name} ${stat} ${statFault(name, Number(stat)).name}`;
  }
}

function textOf({ bytes, from, to }: TraceReader): string {
  return new TextDecoder().decode(bytes.subarray(from, to));
}

/** The plain members of the record about a process. */
function sessionLines(json: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([name, each]) => SESSION.includes(name) && (typeof each === 'string' || typeof each === 'number'))
    .map(([name, each]) => `${name} ${String(each)}`);
}
