import { describe, expect, test } from 'vitest';
import { TextTerminal, drawScreen, keyboardAction, splitPresses } from '../../src/node/text-terminal.ts';

describe('keyboard', () => {
  test('a chunk is cut into presses', () => {
    expect(splitPresses('12\x1b[A\x1bOP\x1b[11~\x1b[[Bq\x1b')).toEqual([
      '1',
      '2',
      '\x1b[A',
      '\x1bOP',
      '\x1b[11~',
      '\x1b[[B',
      'q',
      '\x1b',
    ]);
    expect(splitPresses('')).toEqual([]);
  });

  test.each([
    ['0', '0'],
    ['9', '9'],
    ['.', '00'],
    ['\r', 'ENTER'],
    ['\x1b', 'CANCEL'],
    ['\x7f', 'CLEAR'],
    ['m', 'MENU'],
    ['M', 'MENU'],
    ['f', 'FN'],
    ['\x1b[A', 'UP'],
    ['\x1b[B', 'DOWN'],
    ['\x1bOS', 'F4'],
    ['\x1b[[A', 'F1'],
  ])('%j is key %s', (press, key) => {
    expect(keyboardAction(press)).toEqual({ kind: 'key', key });
  });

  test('letters for cards, paper, scanner, end; others mean nothing', () => {
    expect(['s', 'i', 't'].map(press => keyboardAction(press))).toEqual(
      ['swipe', 'insert', 'tap'].map(what => ({ kind: 'choose', what })),
    );
    expect(['r', 'p', 'c', 'Q', '\x03'].map(press => keyboardAction(press)?.kind)).toEqual([
      'remove',
      'paper',
      'scan',
      'quit',
      'quit',
    ]);
    expect(['z', '\x1b[Z', 'constructor'].map(press => keyboardAction(press))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('drawing', () => {
  test('Chinese characters take two columns; reverse lines are whole', () => {
    const lines = drawScreen({ lines: ['消费', 'AMOUNT', '', '1234567890123456'], reverse: 2 });
    expect(lines).toEqual([
      '┌──────────────────┐',
      '│ 消费             │',
      '│\x1b[7m AMOUNT           \x1b[0m│',
      '│                  │',
      '│ 1234567890123456 │',
      '└──────────────────┘',
    ]);
  });

  test('choosing a card and typing a code', () => {
    const seen: string[] = [];
    const terminal = new TextTerminal({
      cards: [
        { id: 'a', label: 'first' },
        { id: 'b', label: 'second' },
      ],
      action: action => seen.push(action.kind === 'key' ? action.key : action.kind),
      card: (what, index) => seen.push(`${what} ${index}`),
      scanned: text => seen.push(`scan ${text}`),
    });
    terminal.typed('1ib');
    terminal.typed('sc');
    terminal.typed('i\x1b2');
    terminal.typed('c12\x7f3\r');
    terminal.typed('cq\x1bq');
    expect(seen).toEqual(['1', 'insert 1', '2', 'scan 13', 'quit']);
  });
});
