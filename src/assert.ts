/**
 * A programmer's error: the process stops, which the journal makes as safe as a power cut.
 * Never used for bad input from the world; that is a {@link Fault} or a status number.
 */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Throws {@link AssertionFailure} when `condition` is false. `what` names the broken rule and holds no card data. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new AssertionFailure(what);
}

/** Marks a branch that the types exclude. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}
