import { renderPrometheusConfig, type PrometheusConfig } from './prometheus-config';

const render = (config: PrometheusConfig, version3 = false): unknown =>
  JSON.parse(renderPrometheusConfig(config, { version3 }));

describe('the configuration of Prometheus', () => {
  it('takes samples that are up to 12 h late', () => {
    expect(render({})).toMatchObject({ storage: { tsdb: { out_of_order_time_window: '12h' } } });
  });

  it('keeps a sender from dropping samples on 429, and pushes within a second', () => {
    const config = render({ remoteWrite: [{ url: 'http://127.0.0.1:1/write' }] });
    expect(config).toMatchObject({
      remote_write: [{ queue_config: { retry_on_http_429: true, batch_send_deadline: '1000ms' } }],
    });
  });

  it('names an account by its Basic credentials, and by a header where one is given', () => {
    const config = render({
      remoteWrite: [{ url: 'http://h/write', username: 'a', password: 'b', headers: { 'Cloud-Account-Id': 'a' } }],
    });
    expect(config).toMatchObject({
      remote_write: [{ basic_auth: { username: 'a', password: 'b' }, headers: { 'Cloud-Account-Id': 'a' } }],
    });
  });

  it('never lets a scrape take longer than its interval', () => {
    const scrape = [{ job: 'fast', targets: ['127.0.0.1:1'], intervalSeconds: 0.5 }];
    expect(render({ scrape })).toMatchObject({
      scrape_configs: [{ scrape_interval: '500ms', scrape_timeout: '500ms' }],
    });
  });

  it('uses a field of Prometheus 3 only where a version 3 reads it', () => {
    const scrape = [{ job: 'a', targets: ['127.0.0.1:1'] }];
    expect(renderPrometheusConfig({ scrape }, { version3: true })).toContain('fallback_scrape_protocol');
    expect(renderPrometheusConfig({ scrape }, { version3: false })).not.toContain('fallback_scrape_protocol');
  });

  it('reaches this machine from inside a container by the name it has there', () => {
    const config: PrometheusConfig = {
      scrape: [{ job: 'a', targets: ['127.0.0.1:9003'] }],
      remoteWrite: [{ url: 'http://127.0.0.1:8935/write' }],
    };
    expect(
      JSON.parse(renderPrometheusConfig(config, { version3: true, localHost: 'host.docker.internal' })),
    ).toMatchObject({
      scrape_configs: [{ static_configs: [{ targets: ['host.docker.internal:9003'] }] }],
      remote_write: [{ url: 'http://host.docker.internal:8935/write' }],
    });
  });
});
