import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import { COMPILED, PATIENCE_MS } from './real-process.ts';
import type { News, Order, Sight } from './real-terminal.ts';

const TERMINAL = fileURLToPath(new URL('./real-terminal.ts', import.meta.url));

/** The runtime went away while the person waited for it: what an injection is meant to do. */
export class Gone extends Error {}

/** What was in front of the customer: it must be in the journal for ever. */
export interface Claim {
  readonly what: 'screen' | 'slip';
  readonly text: string;
}

/** Somebody who stands at the virtual terminal, which is a process of its own. Looks before pressing a key. */
export class Person {
  /** Approvals on the screen and slips that came out since {@link forget}. */
  readonly claims: Claim[] = [];
  /** The newest screens, for the story of a failure. */
  readonly screens: string[] = [];
  private readonly child: ChildProcess;
  private sight: Sight = { screen: '', keys: false, magnetic: false, cardIn: false, done: 0 };
  private seen = 0;
  private ordered = 0;
  private trouble: string | undefined;
  private gone = false;
  private look = (): void => {};

  constructor(link: string) {
    this.child = fork(TERMINAL, [link], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    });
    this.child.on('message', (news: News) => this.hear(news));
    this.child.on('exit', () => {
      this.trouble ??= 'the virtual terminal ended';
      this.look();
    });
  }

  get screen(): string {
    return this.sight.screen;
  }

  get listening(): boolean {
    return this.sight.keys;
  }

  get cardIn(): boolean {
    return this.sight.cardIn;
  }

  /** Number of screens that were drawn so far. */
  get drawn(): number {
    return this.seen;
  }

  /** The runtime is gone, or a new one is there. */
  runtime(there: boolean): void {
    this.gone = !there;
    this.look();
  }

  forget(): void {
    this.claims.length = 0;
  }

  async ready(): Promise<void> {
    await this.until(() => this.seen > 0, 'the virtual terminal');
  }

  /** Waits for a screen that shows `text`. */
  on(text: string): Promise<void> {
    return this.until(() => this.sight.screen.includes(text), `"${text}"`);
  }

  /** Presses keys, each one when the runtime asks for a key. */
  async keys(...names: KeyName[]): Promise<void> {
    for (const key of names) {
      await this.until(() => this.sight.keys, `to be asked for the key ${key}`);
      await this.order({ do: 'key', key });
    }
  }

  async type(text: string): Promise<void> {
    await this.keys(...([...text] as KeyName[]), 'ENTER');
  }

  async swipe(card = 'swipe'): Promise<void> {
    await this.until(() => this.sight.magnetic, 'to be asked for a card');
    await this.order({ do: 'swipe', card });
  }

  async order(order: Order): Promise<void> {
    const number = ++this.ordered;
    this.child.send(order);
    await this.until(() => this.sight.done >= number, `"${order.do}" to be done`, false);
  }

  /** Waits until `ready` says so; each change of the terminal is looked at. Throws {@link Gone} when the runtime goes away. */
  until(ready: () => boolean, what: string, needsRuntime = true): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        this.look = () => {};
        end();
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`waited for ${what}: ${why}; the screen shows\n${this.sight.screen}`)));
      const timer = setTimeout(() => fail('nothing in time'), PATIENCE_MS);
      this.look = () => {
        if (this.trouble !== undefined) fail(this.trouble);
        else if (ready()) finish(resolve);
        else if (this.gone && needsRuntime) finish(() => reject(new Gone()));
      };
      this.look();
    });
  }

  leave(): void {
    this.child.removeAllListeners('exit');
    // It ends by itself then, and keeps what was compiled.
    if (this.child.connected) this.child.disconnect();
  }

  private hear(news: News): void {
    if ('trouble' in news) this.trouble = news.trouble;
    else if ('slip' in news) this.claims.push({ what: 'slip', text: news.slip });
    else {
      if (news.sight.screen !== this.sight.screen) this.saw(news.sight.screen);
      this.sight = news.sight;
      this.seen++;
    }
    this.look();
  }

  private saw(screen: string): void {
    this.screens.push(screen.replaceAll('\n', ' | '));
    if (this.screens.length > 12) this.screens.shift();
    if (/交易成功|撤销成功|退货已受理|结算成功/.test(screen)) this.claims.push({ what: 'screen', text: screen });
  }
}
