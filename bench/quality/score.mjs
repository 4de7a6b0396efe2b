// Scores Fetchback's article and markdown beside Readability and Turndown on the same pages; run by ./run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { Readability } from '@mozilla/readability';
import { marked } from 'marked';
import TurndownService from 'turndown';
import { gfm } from 'turndown-plugin-gfm';
import { dom, f1, pages, squeezed, text, tokens, without } from './pages.mjs';
import { structure } from './structure.mjs';

const [work, ...extracts] = process.argv.slice(2);
const verbose = process.env.VERBOSE === '1';
const sets = (process.env.SETS ?? 'seen,held-out').split(',');
const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;
const three = (value) => (value === null || Number.isNaN(value) ? '–' : value.toFixed(3));

function fetchback(all) {
  mkdirSync(`${work}/in`, { recursive: true });
  mkdirSync(`${work}/out`, { recursive: true });
  for (const page of all) {
    writeFileSync(`${work}/in/${page.name}.page.html`, page.html);
    writeFileSync(`${work}/in/${page.name}.body.html`, page.body);
  }
  execFileSync(extracts[0], [...extracts.slice(1), `${work}/in`, `${work}/out`], { stdio: ['ignore', 'inherit', 'inherit'] });
  return (page, kind) => JSON.parse(readFileSync(`${work}/out/${page.name}.${kind}.json`, 'utf8'));
}

function readability(page) {
  const article = new Readability(dom(page.html)).parse();
  return article === null ? {} : {
    text: text(dom(article.content).body), title: article.title, byline: article.byline, published: article.publishedTime, language: article.lang,
  };
}

const turndown = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced', bulletListMarker: '-' });
turndown.use(gfm);

const plainName = (name) => squeezed(name).replace(/^(by|von|par)\s+/i, '');

// The title is asked for apart, so whether its heading is part of the text counts neither for nor against it.
function withoutHeading(found, page) {
  const times = (string) => squeezed(string).split(page.truth.title).length;
  return times(found) > times(page.text) ? squeezed(found).replace(page.truth.title, '') : found ?? '';
}

function articleScores(page, article) {
  return {
    text: f1(tokens(withoutHeading(article.text, page)), tokens(page.text)) ?? 0,
    title: squeezed(article.title) === page.truth.title ? 1 : 0,
    byline: plainName(article.byline) === (page.truth.byline ?? '') ? 1 : 0,
    date: (article.published ?? '').slice(0, 10) === (page.truth.date ?? '') ? 1 : 0,
    language: (article.language ?? '').split('-')[0].toLowerCase() === (page.truth.lang ?? '') ? 1 : 0,
  };
}

function markdownScores(page, markdown) {
  const wanted = structure(dom(page.body).body);
  const found = structure(dom(marked.parse(markdown)).body);
  found.emphasis = without(found.emphasis, wanted.alike);
  return Object.fromEntries(Object.keys(wanted).filter((part) => part !== 'alike').map((part) => [part, f1(found[part], wanted[part])]));
}

function table(title, columns, rows) {
  console.log(`\n${title}\n`);
  console.log(`| | ${columns.join(' | ')} |\n|---|${'---|'.repeat(columns.length)}`);
  for (const [name, scores] of rows) console.log(`| ${name} | ${columns.map((column) => three(scores[column])).join(' | ')} |`);
}

function means(scored, columns) {
  return Object.fromEntries(columns.map((column) => {
    const known = scored.map((scores) => scores[column]).filter((value) => value !== null);
    return [column, known.length === 0 ? null : mean(known)];
  }));
}

for (const set of sets) {
  const all = pages(set);
  const ours = fetchback(all);
  const articles = { fetchback: all.map((page) => articleScores(page, ours(page, 'page'))), readability: all.map((page) => articleScores(page, readability(page))) };
  const columns = Object.keys(articles.fetchback[0]);
  table(`article, ${set}, ${all.length} pages`, columns, Object.entries(articles).map(([name, scored]) => [name, means(scored, columns)]));
  const markdowns = { fetchback: all.map((page) => markdownScores(page, ours(page, 'body').markdown)), turndown: all.map((page) => markdownScores(page, turndown.turndown(page.body))) };
  const parts = Object.keys(markdowns.fetchback[0]);
  table(`markdown, ${set}, ${all.length} pages`, parts, Object.entries(markdowns).map(([name, scored]) => [name, means(scored, parts)]));
  if (verbose) {
    all.forEach((page, i) => {
      for (const name of Object.keys(articles)) table(page.name, columns, [[name, articles[name][i]]]);
      for (const name of Object.keys(markdowns)) table(page.name, parts, [[name, markdowns[name][i]]]);
    });
  }
}
