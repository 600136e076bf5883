/** Tells the test processes where the broker of the shared servers listens. */
export const brokerVariable = 'CLOUDTUNER_TEST_SERVERS_URL';
