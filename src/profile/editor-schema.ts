import { profileJsonSchema } from './profile.ts';

type Node = { [keyword: string]: unknown };

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * JSON Schema of a profile source, for editors: a source may write any part of a profile, so nothing is required but in
 * the entries of lists, which are always written whole; `null` takes an inherited member away.
 */
export function sourceJsonSchema(): object {
  const { $schema, ...complete } = JSON.parse(JSON.stringify(profileJsonSchema())) as Node;
  const root = loosened(complete, true) as Node;
  const properties = root.properties as Node;
  return {
    $schema,
    title: 'pos8583 profile source',
    description:
      'A complete profile, or a part of one that others extend. Meaning (widths, tables, rules) is checked by `pos8583 profile lint`.',
    ...root,
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'For editors only' },
      extends: {
        type: 'array',
        items: { type: 'string', pattern: '^(?:[a-z0-9][a-z0-9-]*/)?[a-z0-9][a-z0-9-]*$' },
        description: 'Sources under this one, without ending: a later one wins over an earlier one, this file over all',
      },
      ...properties,
    },
  };
}

/** The node without what only a whole profile must have. */
function loosened(node: unknown, nullable: boolean): unknown {
  if (!isNode(node)) return node;
  const { required: _required, ...rest } = node;
  const out: Node = {};
  for (const [keyword, value] of Object.entries(rest)) {
    if (keyword === 'properties' && isNode(value))
      out.properties = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, loosened(inner, true)]));
    else if (keyword === 'additionalProperties') out.additionalProperties = loosened(value, true);
    else out[keyword] = value;
  }
  return nullable && out.type === 'object' ? { ...out, type: ['object', 'null'] } : out;
}
