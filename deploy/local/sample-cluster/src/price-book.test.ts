import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSampleCluster } from './sample-cluster';

const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');

describe('the price book', () => {
  it.each(['shop', 'research'] as const)('of the %s cluster is the table in the README', (profile) => {
    const cluster = createSampleCluster({ seed: 1, name: profile, clusterId: profile, profile });
    const rows = cluster.priceBook.map(({ item, unit, nanosPerUnit, varies }) => {
      const dollars = (Number(nanosPerUnit) / 1e9).toFixed(9).replace(/0+$/, '');
      return `| ${profile} | ${item} | ${varies ? '≈ ' : ''}${dollars} | ${unit} |`;
    });
    const documented = readme
      .split('\n')
      .filter((line) => line.startsWith(`| ${profile} `))
      .map((line) => line.replace(/ +/g, ' '));

    expect(documented).toEqual(rows);
  });
});
