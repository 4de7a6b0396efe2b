// The pages with what is true of them, and the text of elements as both sides of a comparison read it.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { JSDOM } from 'jsdom';

const folder = fileURLToPath(new URL('pages/', import.meta.url));
export const BASE = 'https://site.example/dir/page';

const BLOCKS = new Set(('address article aside blockquote br caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 '
  + 'h6 header hr li main nav ol p pre section summary table tbody td th thead tr ul').split(' '));

// Pages hold marks: <!--[--> and <!--]--> around the article, <!--x--> and <!--/x--> around what in it is not part of it.
export function pages(set) {
  return readdirSync(folder + set).filter((file) => file.endsWith('.html')).sort().map((file) => {
    const marked = readFileSync(`${folder}${set}/${file}`, 'utf8');
    const truth = JSON.parse(marked.match(/<!-- truth (\{.*\}) -->/)[1]);
    const regions = [...marked.matchAll(/<!--\[-->(.*?)<!--\]-->/gs)].map((match) => match[1]);
    if (regions.length === 0) throw new Error(`${file} marks no article`);
    const body = balanced(regions.join('\n').replace(/<!--x-->.*?<!--\/x-->/gs, ''));
    return {
      name: file.replace('.html', ''), truth, body,
      html: marked.replace(/<!-- truth .*? -->\n/, '').replace(/<!--(\[|\]|x|\/x)-->/g, ''),
      text: text(dom(body).body),
    };
  });
}

export const dom = (html) => new JSDOM(html, { url: BASE }).window.document;

// A region need not close what it opens: written again by a browser's rules.
const balanced = (html) => `<!DOCTYPE html><html><head><meta charset="utf-8"></head>${dom(html).body.outerHTML}</html>`;

export function text(node) {
  if (node.nodeType === 3) return node.data;
  if (node.nodeType !== 1 || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE'].includes(node.tagName)) return '';
  const inner = [...node.childNodes].map(text).join('');
  return BLOCKS.has(node.localName) ? `\n${inner}\n` : inner;
}

const words = new Intl.Segmenter('und', { granularity: 'word' });

export const tokens = (string) => [...words.segment(string.normalize('NFKC').toLowerCase())].filter((one) => one.isWordLike).map((one) => one.segment);

export const squeezed = (string) => (string ?? '').replace(/\s+/g, ' ').trim();

// A bag without what is in another.
export function without(bag, other) {
  const left = [...other];
  return bag.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

// How well two bags agree: the harmonic mean of precision and recall.
export function f1(found, wanted) {
  if (found.length === 0 && wanted.length === 0) return null;
  const left = new Map();
  for (const one of wanted) left.set(one, (left.get(one) ?? 0) + 1);
  let hits = 0;
  for (const one of found) {
    const n = left.get(one) ?? 0;
    if (n > 0) {
      hits++;
      left.set(one, n - 1);
    }
  }
  return (2 * hits) / (found.length + wanted.length);
}
