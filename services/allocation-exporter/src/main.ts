import { runService } from '@cloudtuner/service-kit';
import { createApp } from './app';
import { config } from './config';

void runService({ name: 'allocation-exporter', config, createApp, process });
