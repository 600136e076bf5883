import { runOperate } from './operate/run-operate';

void runOperate({
  args: process.argv.slice(2),
  environment: process.env,
  out: (text) => process.stdout.write(text),
  fail: (text) => process.stderr.write(text),
}).then((exitCode) => {
  process.exitCode = exitCode;
});
