/**
 * A ratchet on the ways around the other gates: the count of each may fall, never rise. All are at 0; who raises one says why
 * in the review.
 */
import { filesBelow, finish, readText } from './workspace-files.mjs';

const code = /\.[cm]?[jt]s$/;

// Names and patterns are written such that this file does not count itself.
const hatches = [
  { name: 'eslint' + '-disable', pattern: /eslint-(disable|enable)/g, baseline: 0 },
  { name: '@ts' + '-ignore', pattern: /@ts-(ignore|nocheck)\b/g, baseline: 0 },
  { name: '@ts' + '-expect-error', pattern: /@ts-expect-[e]rror\b/g, baseline: 0 },
  { name: 'as unknown' + ' as', pattern: /\bas\s+unknown\s+as\b/g, baseline: 0 },
  { name: 'prettier' + '-ignore', pattern: /prettier-[i]gnore/g, baseline: 0 },
  {
    name: 'skipped or lonely test',
    pattern: /\b(it|test|describe)(\.\w+)*\.(skip|only|todo|failing)\b|\b(xit|xtest|xdescribe|fit|fdescribe)\(/g,
    baseline: 0,
  },
];

const files = filesBelow('.').filter((file) => code.test(file));
const texts = files.map((file) => ({ file, text: readText(file) }));

/** Where a pattern is found, as `file:line`. */
function placesOf(pattern) {
  return texts.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(({ index }) => `${file}:${text.slice(0, index).split('\n').length}`),
  );
}

const problems = hatches.flatMap(({ name, pattern, baseline }) => {
  const places = placesOf(pattern);
  if (places.length > baseline)
    return [`${name}: ${places.length}, allowed ${baseline}`, ...places.map((place) => `  ${place}`)];
  if (places.length < baseline) return [`${name}: ${places.length}, so lower its baseline from ${baseline}`];
  return [];
});

finish(files.length === 0 ? ['no code was found: there is nothing to count'] : problems);
