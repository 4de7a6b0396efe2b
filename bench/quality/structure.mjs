// What a tree is made of, in parts that can be compared with another tree's.
import { BASE, squeezed, text, tokens } from './pages.mjs';

const url = (reference) => {
  try {
    return new URL(reference, BASE).href;
  } catch {
    return reference;
  }
};
const all = (root, css) => [...root.querySelectorAll(css)];
const has = (element, css) => element.closest(css) !== null;
const shown = (element) => squeezed(text(element));
// Whether the sign that ends a phrase is in its emphasis is no matter.
const phrase = (element) => shown(element).replace(/[.,:;!?…。，：；！？、]+$/, '');
const picture = (image) => {
  const source = image.getAttribute('src') ?? '';
  return source && !source.startsWith('data:') ? source : image.getAttribute('data-src') ?? image.getAttribute('data-original') ?? '';
};

function item(li) {
  let depth = 0;
  for (let up = li.parentElement; up; up = up.parentElement) depth += ['OL', 'UL'].includes(up.tagName) ? 1 : 0;
  const own = [...li.childNodes].filter((child) => !['OL', 'UL', 'PRE'].includes(child.tagName)).map((child) => text(child)).join('');
  return `${depth} ${li.parentElement?.tagName} ${squeezed(own)}`;
}

export function structure(root) {
  return {
    text: tokens(text(root)),
    headings: all(root, 'h1,h2,h3,h4,h5,h6').map((h) => `${h.tagName} ${shown(h)}`),
    paragraphs: all(root, 'p').filter((p) => !has(p, 'li,td,th') && shown(p)).map(shown),
    lists: all(root, 'li').map(item),
    links: all(root, 'a[href]').filter((a) => shown(a) || a.querySelector('img')).map((a) => `${url(a.getAttribute('href'))} ${shown(a)}`),
    emphasis: all(root, 'em,i,strong,b').filter(shown).map((e) => `${['EM', 'I'].includes(e.tagName) ? 'em' : 'strong'} ${phrase(e)}`),
    // What browsers show like emphasis, for which Markdown has nothing: it may be written as such or not.
    alike: all(root, 'cite,dfn,var,dt,summary').filter(shown).map((e) => `${['DT', 'SUMMARY'].includes(e.tagName) ? 'strong' : 'em'} ${phrase(e)}`),
    code: [...all(root, 'pre').map((pre) => `pre ${pre.textContent.replace(/^\n/, '').trimEnd()}`),
      ...all(root, 'code').filter((code) => !has(code, 'pre')).map((code) => `code ${squeezed(code.textContent)}`)],
    tables: all(root, 'tr').flatMap((tr, row) => [...tr.children].map((cell, column) => `${row} ${column} ${shown(cell)}`)),
    quotes: all(root, 'blockquote').map(shown),
    pictures: all(root, 'img').filter((img) => !has(img, 'noscript') && picture(img)).map((img) => `${url(picture(img))} ${squeezed(img.alt)}`),
  };
}
