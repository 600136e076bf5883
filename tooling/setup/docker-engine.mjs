import { lastLines, runCommand } from './run-command.mjs';

const ANSWER_WITHIN_MS = 3_000;

/** Asks once whether a Docker engine answers. */
export function dockerEngine(env) {
  let answer;
  return {
    answers() {
      answer ??= runCommand('docker', ['info', '--format', '{{.ServerVersion}}'], {
        env,
        timeoutMs: ANSWER_WITHIN_MS,
      }).then(({ code, stdout }) => code === 0 && stdout.trim() !== '');
      return answer;
    },
  };
}

/** An image, pulled unless it is there: `{ image }`, or `{ failed: reason }`. */
export async function fromDocker({ name, image }, { docker, env, report }) {
  if (!(await docker.answers())) return { failed: 'no Docker engine answers' };
  const there = await runCommand('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { env });
  if (there.code === 0) return { image };
  report(`${name}: pulling ${image}`);
  const pull = await runCommand('docker', ['pull', '--quiet', image], { env });
  return pull.code === 0 ? { image } : { failed: `docker pull ${image}: ${lastLines(pull, 2)}` };
}
