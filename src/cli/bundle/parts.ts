import { createHash } from 'node:crypto';
import { Zip, ZipDeflate } from 'fflate';

/** The only parts that a bundle ever has. */
export const MEMBERS = ['summary.txt', 'bundle.json', 'trace.p85t', 'log.jsonl'] as const;
export type Member = (typeof MEMBERS)[number];

/** A part that comes in pieces. */
export interface Part {
  push(bytes: Uint8Array): void;
  end(): void;
}

/** The zip file in the making. Of a part that is being written only what the compression left is in memory. */
export class Pack {
  private readonly pieces: Uint8Array[] = [];
  private readonly sums = new Map<Member, { bytes: number; readonly sha256: ReturnType<typeof createHash> }>();
  private readonly zip = new Zip((error, data) => {
    if (error) throw error;
    this.pieces.push(data);
  });

  begin(name: Member): Part {
    const file = new ZipDeflate(name, { level: 6 });
    const sum = { bytes: 0, sha256: createHash('sha256') };
    this.sums.set(name, sum);
    this.zip.add(file);
    return {
      push(bytes) {
        sum.bytes += bytes.length;
        sum.sha256.update(bytes);
        file.push(bytes);
      },
      end: () => file.push(new Uint8Array(0), true),
    };
  }

  text(name: Member, text: string): void {
    const part = this.begin(name);
    part.push(new TextEncoder().encode(text));
    part.end();
  }

  /** Length and SHA-256 of each part so far. */
  digests(): Record<string, { bytes: number; sha256: string }> {
    return Object.fromEntries(
      [...this.sums].map(([name, { bytes, sha256 }]) => [name, { bytes, sha256: sha256.copy().digest('hex') }]),
    );
  }

  end(): Uint8Array {
    this.zip.end();
    return Buffer.concat(this.pieces);
  }
}
