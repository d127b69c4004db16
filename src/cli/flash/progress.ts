import type { FlashProgress, FlashStep } from '../../flash/flasher.ts';
import type { Console } from '../../node/console.ts';
import type { Lang } from '../doctor/checklist.ts';

const STEPS: Readonly<Record<FlashStep, { readonly zh: string; readonly en: string }>> = {
  compare: { zh: '比对终端中的映像', en: 'comparing with what the terminal holds' },
  load: { zh: '下载', en: 'loading' },
  readBack: { zh: '回读摘要', en: 'reading the digest back' },
  activate: { zh: '启用新映像', en: 'activating' },
  trial: { zh: '终端重启, 试运行', en: 'the terminal restarts on trial' },
  test: { zh: '测试', en: 'testing' },
  confirm: { zh: '确认', en: 'confirming' },
  done: { zh: '完成', en: 'done' },
  fellBack: {
    zh: '等待终端恢复原映像: 最多两分钟, 重新上电立即恢复',
    en: 'waiting until the terminal is back to the image from before: two minutes at most, at once when it is switched off and on',
  },
};
const TESTS = {
  echo: { zh: '回响', en: 'acquirer echo' },
  printer: { zh: '打印机', en: 'printer' },
  panel: { zh: '屏幕与键盘', en: 'screen and keypad' },
} as const;

const BAR_WIDTH_MAX = 30;
/** Columns of the line beside the bar. */
const BESIDE = 48;
const KIB = 1024;
const PLAIN_STEP_PERCENT = 10;

const kib = (bytes: number): string => (bytes / KIB).toFixed(1);

/** `[#####-----]  45 %  28.8/64.0 KiB  10.7 KiB/s  3 s` in at most `columns` columns. */
export function barText(progress: FlashProgress, columns: number, lang: Lang): string {
  const { sentBytes, totalBytes, bytesPerSecond, secondsLeft } = progress;
  const share = totalBytes === 0 ? 1 : sentBytes / totalBytes;
  const width = Math.max(4, Math.min(BAR_WIDTH_MAX, columns - BESIDE));
  const full = Math.floor(share * width);
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate =
    bytesPerSecond === 0
      ? ''
      : `  ${kib(bytesPerSecond)} KiB/s  ${lang === 'zh' ? '剩余' : 'left'} ${Math.ceil(secondsLeft)} s`;
  const text = `[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${percent} %  ${kib(sentBytes)}/${kib(totalBytes)} KiB${rate}`;
  return text.slice(0, columns - 1);
}

/** `loading`, `testing: printer`. */
export function stepText({ step, test }: FlashProgress, lang: Lang): string {
  return test ? `${STEPS[step][lang]}: ${TESTS[test][lang]}` : STEPS[step][lang];
}

/** Shows how far a flash is: a bar that is redrawn on a terminal, else a line for each step and each tenth of a load. */
export class ProgressView {
  private readonly console: Console;
  private readonly lang: Lang;
  private readonly live: boolean;
  private step = '';
  private tenth = -1;
  private drawn = false;

  constructor(console: Console, lang: Lang) {
    this.console = console;
    this.lang = lang;
    this.live = console.isTerminal('output');
  }

  show(progress: FlashProgress): void {
    const step = stepText(progress, this.lang);
    if (step !== this.step) {
      this.end();
      this.step = step;
      this.tenth = -1;
      this.console.print(step);
    }
    if (progress.step === 'load') this.load(progress);
    else if (progress.step === 'fellBack' && this.live) this.draw(`${Math.ceil(progress.secondsLeft)} s `);
  }

  /** Leaves the bar as it is and goes on below. */
  end(): void {
    if (this.drawn) this.console.write('\n');
    this.drawn = false;
  }

  private load(progress: FlashProgress): void {
    if (this.live) return this.draw(barText(progress, this.console.columns(), this.lang));
    const { sentBytes, totalBytes } = progress;
    const tenth = Math.floor((sentBytes * 100) / totalBytes / PLAIN_STEP_PERCENT);
    if (tenth === this.tenth) return;
    this.tenth = tenth;
    this.console.print(`  ${barText(progress, BESIDE + BAR_WIDTH_MAX, this.lang)}`);
  }

  private draw(text: string): void {
    this.console.write(`\r\x1b[2K${text}`);
    this.drawn = true;
  }
}
