import { SABOTAGES as OF_SIMULATION, type Sabotage } from '../simulation/sabotage.ts';

/** Faults planted into the program while it is loaded: those of the money simulation, and one that only a crash shows. */
export const SABOTAGES: readonly Sabotage[] = [
  ...OF_SIMULATION,
  {
    name: 'refund not remembered across a restart',
    patches: [
      {
        file: 'journal/reversals.ts',
        from: `"SELECT id, kind FROM txn WHERE state = 'open' ORDER BY id"`,
        to: `"SELECT id, kind FROM txn WHERE state = 'open' AND kind <> 'refund' ORDER BY id"`,
      },
    ],
  },
];
