export { faults, type Fault } from './faults';
export { startKubecostServer, type KubecostServer, type KubecostServerOptions } from './kubecost-server';
