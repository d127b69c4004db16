export { pause, run, wait, type Task, type Wait } from '../hal/task.ts';
