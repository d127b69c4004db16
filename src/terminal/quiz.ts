/** What training is made of, as the flows see it: questions, drills, and how it ended. */

/** Lines of a screen below its title, two or three, in both languages. */
export interface Lines {
  readonly zh: readonly string[];
  readonly en: readonly string[];
}

/** A question with two answers: two lines of what happened, the third names the answers. */
export interface QuizView extends Lines {
  readonly right: 1 | 2;
  readonly why: Lines;
}

/** A drill: the situation, and what shall be done about it at the training counter. */
export interface DrillView extends Lines {
  readonly task: Lines;
  /** Place in the list, from 0, and how many there are. */
  readonly index: number;
  readonly of: number;
}

/** Right answers and drills of those that were tried. */
export interface ScoreView {
  readonly operator: string;
  readonly score: number;
  readonly of: number;
  readonly passed: boolean;
}

/** Passwords inside of training; they are shown when it begins and open nothing outside. */
export const TRAINING_PASSWORDS = { supervisor: '246810', cashier: '2468' } as const;

/** First voucher number of training: nobody takes a training slip for a real one. */
export const TRAINING_VOUCHER_FIRST = 900_001;

/** The mark before every title in training. */
export const TRAINING_MARK = { zh: '**训练**', en: '*TRAIN*' } as const;
/** First and last line of every slip in training, in both languages at once. */
export const TRAINING_SLIP_MARK = '**训练 TRAINING 凭证无效**';

/** What training asks the runtime for. The first two belong to the real counter, the others to the one of training. */
export type TrainingJob =
  /** May training begin now? */
  | { readonly kind: 'trainingReady' }
  /** Training until it is left; DONE brings the score. `by`: who began it and whose password ends it. */
  | { readonly kind: 'train'; readonly operator: string; readonly by: string }
  | { readonly kind: 'quizStart' }
  | { readonly kind: 'quizEnd'; readonly score: number; readonly of: number }
  /** The drill at this place; it goes round at the end. */
  | { readonly kind: 'drill'; readonly index: number }
  | { readonly kind: 'drillBegin'; readonly index: number }
  | { readonly kind: 'drillCheck' }
  | { readonly kind: 'leaveTraining'; readonly password: string };

const JOBS: ReadonlySet<string> = new Set<TrainingJob['kind']>([
  'trainingReady',
  'train',
  'quizStart',
  'quizEnd',
  'drill',
  'drillBegin',
  'drillCheck',
  'leaveTraining',
]);

export function isTrainingJob(job: { readonly kind: string }): job is TrainingJob {
  return JOBS.has(job.kind);
}

/** What the training flows know between two events. */
export interface TrainingWork {
  readonly questions: readonly QuizView[];
  readonly at: number;
  readonly right: number;
  readonly drill?: DrillView;
}

export const NO_TRAINING: TrainingWork = { questions: [], at: 0, right: 0 };
