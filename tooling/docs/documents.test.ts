import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import YAML from 'yaml';
import { promtool } from '../release/helm';
import { failureOf, root } from '../release/workspace';

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const withoutCode = (text: string): string => text.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

function anchorsOf(file: string): Set<string> {
  const headings = read(file)
    .replace(/^```[^\n]*\n[\s\S]*?^```$/gm, '')
    .matchAll(/^#{1,6} (.*)$/gm);
  return new Set(Array.from(headings, ([, heading = '']) => anchorOf(heading.replaceAll('`', ''))));
}

function brokenLinksOf(file: string): string[] {
  const links = Array.from(withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target);
  return links.filter((link) => {
    if (/^(https?|mailto):/.test(link)) return false;
    const [target = '', anchor] = link.split('#');
    const to = target === '' ? file : path.join(path.dirname(file), target);
    if (!existsSync(path.join(root, to))) return true;
    return anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).has(anchor);
  });
}

interface Block {
  readonly language: string;
  readonly text: string;
}
function blocksOf(file: string): Block[] {
  const found = read(file).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm);
  return Array.from(found, ([, language = '', text = '']) => ({ language, text }));
}

describe.each(documents)('%s', (file) => {
  it('links to what there is', () => {
    expect(brokenLinksOf(file)).toEqual([]);
  });

  it('has YAML and JSON that can be read', () => {
    for (const { language, text } of blocksOf(file)) {
      if (language.startsWith('yaml')) expect(() => YAML.parse(text) as unknown).not.toThrow();
      if (language === 'json') expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
  });
});

it('what the guide gives to a Prometheus is a configuration that it takes', async () => {
  const blocks = blocksOf('docs/connect.md').filter(({ language }) => language === 'yaml prometheus');
  expect(blocks).toHaveLength(1);
  const folder = mkdtempSync(path.join(tmpdir(), 'guide-'));
  try {
    const config = path.join(folder, 'prometheus.yml');
    writeFileSync(config, (blocks[0]?.text ?? '').replace('/etc/cloudtuner/password', path.join(folder, 'password')));
    writeFileSync(path.join(folder, 'password'), 'secret');
    expect(failureOf(await promtool('check', 'config', config))).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
