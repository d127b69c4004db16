import { notGbk } from '../wire/gbk.ts';
import { columnsOf } from './columns.ts';
import { LANGUAGES } from './words.ts';
import type { Training } from './schema.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** Columns of a line of the screen. */
const COLUMNS = 16;

/** Texts of training that do not fit, answers that are not named, names that are there twice, drills that nobody can pass. */
export function lintTraining(training: Training, report: Report): void {
  const lines = (pointer: string, texts: readonly string[]): void =>
    texts.forEach((text, index) => {
      const columns = columnsOf(text);
      if (columns > COLUMNS)
        report(
          `${pointer}/${index}`,
          'text-too-wide',
          `has ${columns} columns, ${COLUMNS} are free: "${text}"`,
          'Shorten the text',
        );
      if (notGbk(text) >= 0)
        report(
          `${pointer}/${index}`,
          'text-not-gbk',
          `holds a character that GBK does not have: "${text}"`,
          'Use another character',
        );
    });
  const seen = new Set<string>();
  const named = (pointer: string, id: string): void => {
    if (seen.has(id)) report(`${pointer}/id`, 'training-name', `"${id}" is there twice`, 'Give each its own name');
    seen.add(id);
  };
  for (const [index, question] of training.questions.entries()) {
    const at = `/training/questions/${index}`;
    named(at, question.id);
    for (const language of LANGUAGES) {
      lines(`${at}/${language}`, question[language]);
      lines(`${at}/why/${language}`, question.why[language]);
      if (!/^1\S.*2\S/.test(question[language][2]))
        report(
          `${at}/${language}/2`,
          'training-answers',
          `does not name the two answers: "${question[language][2]}"`,
          'Write for example 1VOID 2REFUND',
        );
    }
  }
  for (const [index, drill] of training.drills.entries()) {
    const at = `/training/drills/${index}`;
    named(at, drill.id);
    for (const language of LANGUAGES) {
      lines(`${at}/${language}`, drill[language]);
      lines(`${at}/task/${language}`, drill.task[language]);
      lines(`${at}/passed/${language}`, drill.passed[language]);
      lines(`${at}/notYet/${language}`, drill.notYet[language]);
    }
    for (const [number, { min = 0, max = min }] of drill.wants.entries())
      if (min > max)
        report(
          `${at}/wants/${number}`,
          'training-drill',
          `wants at least ${min} and at most ${max}`,
          'Write the smaller number as min',
        );
    if (drill.wants.every(({ min = 0 }) => min === 0))
      report(`${at}/wants`, 'training-drill', 'is passed by doing nothing', 'Say with min what must be done');
  }
}
