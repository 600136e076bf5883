import { runAsProcess } from '@cloudtuner/service-kit';
import { runAdmin } from './admin/run-admin';

void runAsProcess(runAdmin, process);
