import { createGate } from './admission-gate';

interface Task {
  readonly outcome: Promise<string>;
  readonly finish: () => void;
  readonly isStarted: () => boolean;
}

function start(gate: ReturnType<typeof createGate>): Task {
  let finish = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const state = { started: false };
  const outcome = gate(async () => {
    state.started = true;
    await end;
    return 'done';
  }).catch((error: unknown) => (error as { code: string }).code);
  return { outcome, finish, isStarted: () => state.started };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createGate', () => {
  it('lets so many work, keeps so many waiting in their order, and refuses the next with overloaded', async () => {
    const gate = createGate({ maxConcurrent: 2, maxWaiting: 1 });
    const tasks: Task[] = [];
    for (let index = 0; index < 4; index += 1) {
      tasks.push(start(gate));
      await settled();
    }
    expect(tasks.map((task) => task.isStarted())).toEqual([true, true, false, false]);
    expect(await tasks[3]?.outcome).toBe('overloaded');
    tasks[0]?.finish();
    await settled();
    expect(tasks[2]?.isStarted()).toBe(true);
    for (const task of tasks) task.finish();
    expect(await Promise.all(tasks.slice(0, 3).map(({ outcome }) => outcome))).toEqual(['done', 'done', 'done']);
  });

  it('has all places again after work has failed', async () => {
    const gate = createGate({ maxConcurrent: 1, maxWaiting: 0 });
    await expect(gate(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await gate(() => Promise.resolve('done'))).toBe('done');
  });
});
