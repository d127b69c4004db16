import { FieldTypeCode } from '../../src/iso8583/plan.ts';
import type { Contestant } from './contestant.ts';
import type { BenchMessages } from './messages.ts';

/**
 * Compares what the C program decodes with the values that went into the messages: a limit that does less than the work
 * would be no limit. Throws at the first difference. Returns which variant of the program it is.
 */
export async function checkLimit(limit: Contestant, messages: BenchMessages): Promise<string> {
  let values = 0;
  let line = await limit.ask('dump');
  while (!line.startsWith('end ')) {
    const [index, name, ...rest] = line.split(' ');
    const message = messages.list[Number(index)];
    if (name === 'spans') {
      const fields = [...message.fields];
      if (rest.length !== fields.length) throw new Error(`limit: message ${index} has ${rest.length} spans`);
      rest.forEach((span, k) => {
        const [offset, length] = span.split('+').map(Number);
        const [field, text] = fields[k];
        const at = message.bodyStart + offset;
        const got = shown(messages, field, messages.slab.subarray(at, at + length));
        if (!got.includes(text)) throw new Error(`limit: message ${index}, span of field ${field}`);
      });
    } else {
      values++;
      if (rest.join(' ') !== message.fields.get(Number(name)))
        throw new Error(`limit: message ${index}, field ${name}`);
    }
    line = await limit.next();
  }
  const numeric = (field: number): boolean => {
    const type = messages.plan.type[field];
    return type === FieldTypeCode.n || type === FieldTypeCode.z;
  };
  const expected = messages.list.reduce((sum, message) => sum + [...message.fields.keys()].filter(numeric).length, 0);
  if (values !== expected) throw new Error(`limit: ${values} values instead of ${expected}`);
  return line.slice('end '.length);
}

/** The bytes of a span as digits or text, with the filler nibble where there is one. */
function shown(messages: BenchMessages, field: number, bytes: Uint8Array): string {
  const type = messages.plan.type[field];
  const characters = type === FieldTypeCode.an || type === FieldTypeCode.ans;
  return characters ? Buffer.from(bytes).toString('latin1') : Buffer.from(bytes).toString('hex').toUpperCase();
}
