/**
 * A fault of the world (cable, acquirer, disk, file, bad input): a value, never an exception on a money path.
 * `code` follows the UnifiedPOS error names so that a technician knows the family at once.
 */
export type FaultCode =
  | 'E_CLOSED'
  | 'E_ILLEGAL'
  | 'E_NOHARDWARE'
  | 'E_OFFLINE'
  | 'E_NOEXIST'
  | 'E_EXISTS'
  | 'E_FAILURE'
  | 'E_TIMEOUT'
  | 'E_BUSY'
  | 'E_EXTENDED';

export interface Fault {
  readonly code: FaultCode;
  /** Stable kebab-case name, e.g. `no-acknowledge`; tests and reports use it. */
  readonly name: string;
  /** What happened and where, without card data. */
  readonly cause: string;
  /** What the person can do. */
  readonly remedy: string;
}

/** Makes a {@link Fault}. */
export function fault(code: FaultCode, name: string, cause: string, remedy: string): Fault {
  return { code, name, cause, remedy };
}

/** Either a value or a {@link Fault}. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = <T = never>(f: Fault): Result<T> => ({ ok: false, fault: f });

/** One line for a log or stderr. */
export function faultText(f: Fault): string {
  return `${f.code} ${f.name}: ${f.cause}. ${f.remedy}`;
}
