import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { readSecureOpen, writeSecureOpen, type SecureChannel, type SessionKeyPair } from './channel.ts';
import { operation, refusal, REPEATS_MAX, type Exchange } from './exchange.ts';
import type { AnswerReader, Command, CommandWriter } from './fields.ts';
import { Pp, Spe } from './ids.ts';
import { parsePanel, type PanelInfo } from './panel.ts';

/** What is known about a key slot of the terminal. */
export type KeySlot = 'absent' | 'present' | 'unsupported' | 'unknown';

/** What a terminal says about itself. Texts are '' when it does not say. */
export interface DeviceInfo {
  /** undefined = a plain ABECS pad: no free screen, digits, printer or slots. */
  readonly panel: PanelInfo | undefined;
  readonly serialNumber: string;
  readonly model: string;
  readonly manufacturer: string;
  readonly firmware: string;
  /** ABECS version, e.g. `2.20`. */
  readonly specVersion: string;
  /** PP_CAPAB, ten characters as the terminal gives them. */
  readonly capabilities: string;
  readonly contactlessCapabilities: string;
  /** Text display of a plain pad, `RRCC`. */
  readonly textDisplay: string;
  /** One character a slot, 100 slots: 0 absent, 1 present, 2 not supported. */
  readonly masterKeysPin: string;
  readonly masterKeysData: string;
  readonly dukptKeysPin: string;
  readonly dukptKeysData: string;
  /** Version of the EMV tables of acquirer 00. */
  readonly tableVersion: string;
  /** Packets are encrypted. */
  readonly secure: boolean;
}

/** How a session is opened. */
export interface SessionSettings {
  readonly pair: SessionKeyPair;
  /** Refuse a terminal that offers no secure session. Otherwise the classic OPN follows. */
  readonly required: boolean;
}

// prettier-ignore
const GIX_LIST = [
  Pp.serialNumber, Pp.model, Pp.manufacturer, Pp.capabilities, Pp.softwareVersion, Pp.specVersion, Pp.contactlessCapabilities,
  Pp.textDisplay, Pp.masterKeysPin, Pp.masterKeysData, Pp.dukptKeysPin, Pp.dukptKeysData, Pp.tableVersion,
] as const;

const STAT_NO_SESSION = 3;
const STAT_SESSION = 9;
const STAT_UNKNOWN = 10;

/** State of key slot `index` (0–99) in one of the four maps. */
export function keySlot(map: string, index: number): KeySlot {
  switch (map[index]) {
    case '0':
      return 'absent';
    case '1':
      return 'present';
    case '2':
      return 'unsupported';
    default:
      return 'unknown';
  }
}

/**
 * The steps of a connect after CAN and EOT: XID (panel or plain pad), OPN (secure where configured, else classic),
 * GIX. A terminal still in an old secure session gets a clear OPN first, which ends that session.
 */
export class Connector {
  private readonly exchange: Exchange;
  private readonly writer: CommandWriter;
  private readonly session: SessionSettings | undefined;
  private channel: SecureChannel | undefined = undefined;

  constructor(exchange: Exchange, writer: CommandWriter, session: SessionSettings | undefined) {
    this.exchange = exchange;
    this.writer = writer;
    this.session = session;
  }

  run(done: (result: Result<DeviceInfo>) => void): void {
    this.forget();
    this.exchange.restart(cause => {
      if (cause !== undefined) return done(failed(cause));
      this.identify(true, done);
    });
  }

  /** The session is over (CLX, line down): the key is zeroed and commands go out clear. */
  forget(): void {
    this.exchange.link.channel = undefined;
    this.channel?.wipe();
    this.channel = undefined;
  }

  private identify(first: boolean, done: (result: Result<DeviceInfo>) => void): void {
    this.step('XID', this.writer.begin('XID').finish(), done, answer => {
      const oldSession = answer.stat === STAT_NO_SESSION || answer.stat === STAT_SESSION;
      if (first && oldSession) return this.classic(done, () => this.identify(false, done));
      if (answer.name === 'ERR' && answer.stat === STAT_UNKNOWN) return this.open(undefined, done);
      const cause = refusal('XID', answer);
      if (cause !== undefined) return done(failed(cause));
      const panel = parsePanel(answer);
      if (!panel.ok) return done(panel);
      this.open(panel.value, done);
    });
  }

  private open(panel: PanelInfo | undefined, done: (result: Result<DeviceInfo>) => void): void {
    const session = this.session;
    if (session === undefined) return this.classic(done, () => this.information(panel, done));
    const command = writeSecureOpen(this.writer, session.pair);
    const item = operation(
      'OPN',
      command,
      (answer, cause) => {
        if (answer === undefined) return done(failed(cause!));
        const channel = this.secured(answer, session);
        if (channel.ok) {
          this.channel = channel.value;
          this.exchange.link.channel = channel.value;
          return this.information(panel, done);
        }
        if (session.required) return done(channel);
        this.classic(done, () => this.information(panel, done));
      },
      { tagged: false },
    );
    this.exchange.submit(item, true);
  }

  private secured(answer: AnswerReader, session: SessionSettings): Result<SecureChannel> {
    const cause = refusal('OPN', answer);
    if (cause === undefined) return readSecureOpen(answer, session.pair);
    return failed(
      fault(
        'E_ILLEGAL',
        'session-refused',
        `the terminal opens no secure session: ${cause.cause}`,
        'Use a terminal of ABECS 2.12 or later, or allow a clear line in the profile',
      ),
    );
  }

  private classic(done: (result: Result<DeviceInfo>) => void, next: () => void): void {
    this.step('OPN', this.writer.begin('OPN').finish(), done, answer => {
      const cause = refusal('OPN', answer);
      // A terminal that has no OPN needs none.
      if (cause !== undefined && cause.name !== 'command-unknown') return done(failed(cause));
      next();
    });
  }

  private information(panel: PanelInfo | undefined, done: (result: Result<DeviceInfo>) => void): void {
    const list = new Uint8Array(2 * GIX_LIST.length);
    for (const [i, id] of GIX_LIST.entries()) {
      list[2 * i] = id >> 8;
      list[2 * i + 1] = id & 0xff;
    }
    const command = this.writer.begin('GIX').value(Spe.idList, list).finish();
    this.step('GIX', command, done, answer => {
      const cause: Fault | undefined = refusal('GIX', answer);
      // Older pads have no GIX; they work, but say nothing about themselves.
      if (cause !== undefined && answer.stat !== STAT_UNKNOWN) return done(failed(cause));
      done(ok(this.describe(panel, answer)));
    });
  }

  private describe(panel: PanelInfo | undefined, answer: AnswerReader): DeviceInfo {
    const text = (id: number): string => (answer.stat === 0 ? answer.text(id).trim() : '');
    return {
      panel,
      serialNumber: panel?.serialNumber || text(Pp.serialNumber),
      model: text(Pp.model),
      manufacturer: text(Pp.manufacturer),
      firmware: panel?.firmware || text(Pp.softwareVersion),
      specVersion: text(Pp.specVersion),
      capabilities: text(Pp.capabilities),
      contactlessCapabilities: text(Pp.contactlessCapabilities),
      textDisplay: text(Pp.textDisplay),
      masterKeysPin: text(Pp.masterKeysPin),
      masterKeysData: text(Pp.masterKeysData),
      dukptKeysPin: text(Pp.dukptKeysPin),
      dukptKeysData: text(Pp.dukptKeysData),
      tableVersion: text(Pp.tableVersion),
      secure: this.channel !== undefined,
    };
  }

  private step(
    name: string,
    command: Command,
    done: (result: Result<DeviceInfo>) => void,
    next: (answer: AnswerReader) => void,
  ): void {
    const item = operation(
      name,
      command,
      (answer, cause) => (answer === undefined ? done(failed(cause!)) : next(answer)),
      { repeats: name === 'OPN' ? 0 : REPEATS_MAX },
    );
    this.exchange.submit(item, true);
  }
}
