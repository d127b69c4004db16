import type { Change } from '../../profile/diff.ts';
import type { ProfileImage } from '../../profile/image.ts';
import type { Lang } from '../doctor/checklist.ts';

/** Differences that are shown before the question; the slip and the journal name more. */
const SHOWN_MAX = 40;
const VALUE_MAX = 60;

export const WORDS = {
  en: {
    terminal: 'terminal',
    runs: 'runs',
    image: 'image',
    unknown: 'an image that this host does not know',
    empty: 'no image (as made)',
    changes: 'what changes ($ money, ! keys, passwords, who must agree):',
    more: 'more',
    nothing: 'the two profiles say the same',
    cannotTell: 'what changes cannot be told: this host holds no image to compare with',
    question: 'Flash it? [y/N] ',
    rollQuestion: 'Go back to it? [y/N] ',
    same: 'nothing to do: the terminal runs this image already, confirmed',
    flashed: 'done: read back from the terminal, active and confirmed',
    fellBack: 'NOT flashed. The image from before runs, read back from the terminal',
    stopping: 'stopping; the terminal keeps or takes back the image from before (Ctrl-C again: do not wait for that)',
    stopped:
      'stopped. The terminal works: it keeps the image from before, on trial it goes back within two minutes or when it is switched off and on',
    untouched: 'stopped. Nothing was sent to the terminal',
    isPad: 'a plain PIN pad without profile slots: it gets the EMV tables and pictures of the profile',
    dryRun: 'dry run: nothing was sent',
    verified: 'the terminal runs this image, confirmed',
    differs: 'the terminal does not run this image, confirmed',
    rate: 'moved',
  },
  zh: {
    terminal: '终端',
    runs: '现用',
    image: '映像',
    unknown: '本机没有的映像',
    empty: '无映像 (出厂)',
    changes: '变更内容 ($ 金额, ! 密钥、密码、复核):',
    more: '条未列出',
    nothing: '两个配置内容相同',
    cannotTell: '无法列出变更: 本机没有可比较的映像',
    question: '确认下载? [y/N] ',
    rollQuestion: '确认恢复? [y/N] ',
    same: '无需下载: 终端已启用并确认此映像',
    flashed: '完成: 已从终端回读, 已启用并确认',
    fellBack: '未下载成功。已从终端回读: 原映像在运行',
    stopping: '正在停止; 终端保留或恢复原映像 (再按 Ctrl-C 不再等待)',
    stopped: '已停止。终端可正常使用: 保留原映像, 试运行中的映像两分钟内或重新上电后恢复',
    untouched: '已停止。未向终端发送任何数据',
    isPad: '密码键盘, 无配置槽: 下载配置中的 EMV 参数表与图片',
    dryRun: '试运行: 未发送任何数据',
    verified: '终端已启用并确认此映像',
    differs: '终端未启用或未确认此映像',
    rate: '已传',
  },
} as const satisfies Record<Lang, Record<string, string>>;

/** `demo-shop v8 (1a2b3c4d…)`. */
export const nameOf = ({ manifest, digest }: ProfileImage): string =>
  `${manifest.id} v${manifest.version} (${digest.slice(0, 8)}…)`;

const cut = (text: string | undefined): string => {
  const line = (text ?? '-').replace(/\s+/g, ' ');
  return line.length > VALUE_MAX ? `${line.slice(0, VALUE_MAX - 1)}…` : line;
};

/** A difference in one line: mark, name, old and new value. */
export const changeText = (change: Change, lang: Lang): string =>
  `${change.mark === '' ? ' ' : change.mark} ${change.label[lang]} (${change.pointer}): ${cut(change.old)} -> ${cut(change.new)}`;

/** The same for the journal, as the keypad flow writes it. */
export const changeLine = (change: Change): string =>
  `${change.mark === '' ? '' : `${change.mark} `}${change.pointer}: ${change.old ?? '-'} -> ${change.new ?? '-'}`;

/** What a person must know before the first byte. */
export function changesText(changes: readonly Change[] | undefined, lang: Lang): readonly string[] {
  const words = WORDS[lang];
  if (changes === undefined) return [words.cannotTell];
  if (changes.length === 0) return [words.nothing];
  const shown = changes.slice(0, SHOWN_MAX).map(change => `  ${changeText(change, lang)}`);
  const rest = changes.length - shown.length;
  return [words.changes, ...shown, ...(rest > 0 ? [`  + ${rest} ${words.more}`] : [])];
}
