import { fault, type Fault } from '../fault.ts';
import type { SerialClose } from '../hal/hal.ts';

/** Why a serial device cannot be used, with what to do about it. */
export function serialFault(reason: SerialClose, port: string): Fault {
  switch (reason.kind) {
    case 'missing':
      return fault(
        'E_NOHARDWARE',
        'no-such-tty',
        `there is no serial device at ${port}: ${reason.detail}`,
        'pos8583 ports lists the devices',
      );
    case 'busy':
      return fault(
        'E_BUSY',
        'tty-busy',
        `${port} is in use by another program`,
        'Stop the other program, or choose another device',
      );
    case 'denied':
      return fault(
        'E_ILLEGAL',
        'tty-denied',
        `no permission to open ${port}`,
        'Add this user to the group that owns the device (often dialout), then log in again',
      );
    default:
      return fault(
        'E_NOHARDWARE',
        'tty-error',
        `${port} could not be used: ${reason.detail}`,
        'Check the cable and the device name; pos8583 ports lists the devices',
      );
  }
}
