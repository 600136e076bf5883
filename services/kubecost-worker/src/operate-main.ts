import { runAsProcess } from '@cloudtuner/service-kit';
import { runOperate } from './operate/run-operate';

void runAsProcess(runOperate, process);
