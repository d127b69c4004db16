import type { Fault } from '../../src/fault.ts';
import { openEntropy } from '../../src/node/entropy.ts';
import { linkDevice, openPty, unlinkDevice } from '../../src/node/pty.ts';
import { openSlotFile } from '../../src/node/slot-file.ts';
import { openTimers } from '../../src/node/timers.ts';
import { imageCheck } from '../../src/sim/terminal/image-check.ts';
import { SLOT_MEMORY_LENGTH } from '../../src/sim/terminal/slot-memory.ts';
import type { KeyName } from '../../src/sim/terminal/machine.ts';
import type { Slip } from '../../src/sim/terminal/printer.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';

function valueOf<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault },
): T {
  if (!result.ok) throw new Error(`${result.fault.name}: ${result.fault.cause}`);
  return result.value;
}

/** A virtual terminal at `link` in this process, with slots in a file and a person who types each code that it shows. */
export class BenchTerminal {
  readonly terminal: VirtualTerminal;
  readonly slips: Slip[] = [];
  private readonly timers = openTimers();
  private readonly entropy = openEntropy();
  private readonly memory: { close(): void };
  private readonly pty: ReturnType<typeof openPty> & { ok: true };
  private readonly link: string;

  constructor(link: string, state: string, trusted: readonly Uint8Array[], panel = true) {
    const memory = valueOf(openSlotFile(state, SLOT_MEMORY_LENGTH));
    this.memory = memory;
    this.link = link;
    const pty = openPty(bytes => this.terminal.received(bytes));
    if (!pty.ok) throw new Error(pty.fault.cause);
    this.pty = pty;
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: this.entropy,
      tmk: new Uint8Array(16).fill(0x11),
      serialNumber: 'SIM00000001',
      panel,
      slotMemory: memory,
      checkImage: bytes =>
        imageCheck(trusted, {
          model: 'VIRTUAL TERMINAL',
          firmware: '1.0',
          serialNumber: 'SIM00000001',
          installed: () => this.terminal.slots.image(this.terminal.slots.active),
        })(bytes),
      write: bytes => pty.value.write(bytes),
      onSlip: slip => this.slips.push(slip),
      onListening: () => this.person(),
    });
    valueOf(linkDevice(link, pty.value.slavePath));
  }

  close(): void {
    this.timers.clearAll();
    unlinkDevice(this.link, this.pty.value.slavePath);
    this.pty.value.close();
    this.memory.close();
  }

  /** Types the code on the screen, digit by digit, as the terminal waits for them. */
  private person(): void {
    if (!this.terminal.listening().keys) return;
    const { lines } = this.terminal.screenState();
    const code = /^(?:TYPE|请输入) (\d{4})/.exec(lines[1] ?? '')?.[1];
    if (code === undefined) return;
    const done = (lines[2] ?? '').replace(/[^0-9]/g, '').length;
    const key = code[done];
    if (key !== undefined) this.timers.set(1, () => this.terminal.pressKey(key as KeyName));
  }
}
