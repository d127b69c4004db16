// A process of its own: the shipped virtual terminal on a pseudo-terminal, as `pos8583 sim terminal` wires it. A script of that
// command cannot say what a person does when the power fails in the middle, so here the keys come from the process that started it.
import { readFileSync } from 'node:fs';
import { openEntropy } from '../../src/node/entropy.ts';
import { linkDevice, openPty } from '../../src/node/pty.ts';
import { openTimers } from '../../src/node/timers.ts';
import { findCard, parseDeck } from '../../src/sim/terminal/deck.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';

/** What a person asks of the terminal. */
export type Order =
  | { readonly do: 'key'; readonly key: KeyName }
  | { readonly do: 'swipe' | 'insert'; readonly card: string }
  | { readonly do: 'remove' }
  | { readonly do: 'paper'; readonly state: 'ok' | 'out' };

/** What a person at the terminal can see, and what it waits for. */
export interface Sight {
  /** Four lines, joined by line ends. */
  readonly screen: string;
  readonly keys: boolean;
  readonly magnetic: boolean;
  readonly cardIn: boolean;
  /** Orders that were carried out so far: a sight from before one says nothing about what came of it. */
  readonly done: number;
}

export type News = { readonly sight: Sight } | { readonly slip: string } | { readonly trouble: string };

const DECK = new URL('../../firmware-profiles/decks/test-deck.json', import.meta.url);
/** Master key of the virtual terminal and of the virtual acquirer, 16 bytes. */
const TMK = new Uint8Array(16).fill(0x11);

function serve(link: string, tell: (news: News) => void): void {
  const deck = parseDeck(readFileSync(DECK, 'utf8'));
  if (!deck.ok) return tell({ trouble: deck.fault.cause });
  let done = 0;
  const show = (): void => {
    const { keys, magnetic } = terminal.listening();
    const screen = terminal.screenState().lines.join('\n');
    tell({ sight: { screen, keys, magnetic, cardIn: terminal.insertedCard !== undefined, done } });
  };
  const terminal = new VirtualTerminal({
    timers: openTimers(),
    entropy: openEntropy(),
    tmk: TMK,
    serialNumber: 'SIM00000001',
    panel: true,
    write: bytes => opened.ok && opened.value.write(bytes),
    onScreen: () => show(),
    onListening: () => show(),
    onSlip: slip => tell({ slip: slip.text }),
  });
  const opened = openPty(bytes => terminal.received(bytes));
  const linked = opened.ok ? linkDevice(link, opened.value.slavePath) : opened;
  if (!linked.ok) return tell({ trouble: linked.fault.cause });
  process.on('message', (order: Order) => {
    const trouble = perform(order);
    done++;
    if (trouble !== undefined) tell({ trouble });
    show();
  });
  const perform = (order: Order): string | undefined => {
    switch (order.do) {
      case 'key':
        return terminal.pressKey(order.key) ?? undefined;
      case 'remove':
        return terminal.remove();
      case 'paper':
        return terminal.paper(order.state) ?? undefined;
      default: {
        const card = findCard(deck.value, order.card);
        return card ? terminal[order.do](card) : `no card ${order.card}`;
      }
    }
  };
  show();
}

process.on('disconnect', () => process.exit(0));
serve(process.argv[2], news => process.send?.(news));
