import { arch, platform, release, totalmem } from 'node:os';

/** What a person who helps from afar wants to know of a computer. No names of it, of its users or of its network. */
export interface HostFacts {
  /** Version of Node.js, `v26.1.0`. */
  readonly node: string;
  /** `linux 6.1.0 x64`. */
  readonly system: string;
  readonly memoryMegabytes: number;
  /** IANA name of its time zone. */
  readonly zone: string;
}

export function hostFacts(): HostFacts {
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    memoryMegabytes: Math.round(totalmem() / 1024 / 1024),
    zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
