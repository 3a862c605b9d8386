// Opens every page in headless Chromium: accessible in both schemes, nothing on the console, nothing asked of
// the network, no sideways scrolling, the structure that structure.json remembers.
//
// node check.mjs PAGES_DIR [--shots DIR] [--update]
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

// Packages lie in the build tree, not beside this file.
const require = createRequire(pathToFileURL(join(process.env.LIFTMARK_NODE_PACKAGES ?? process.cwd(), 'x.js')));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [directory, ...options] = process.argv.slice(2);
const value = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined);
const shots = value('--shots');
const update = options.includes('--update');
const remembered = new URL('structure.json', import.meta.url);
const expected = existsSync(remembered) ? JSON.parse(readFileSync(remembered, 'utf8')) : {};
const found = {};
const failures = [];
const fail = (where, what) => failures.push(`${where}: ${what}`);

// A4 at 96 dpi less 12 mm on each side.
const views = [
  { name: 'phone', width: 390, media: 'screen' },
  { name: 'desk', width: 1100, media: 'screen' },
  { name: 'a4', width: 703, media: 'print' },
];

/** What a page is made of, without its pixels: headings, tables with their size, charts with their names. */
function structure() {
  const text = (node) => node.textContent.trim().replace(/\s+/g, ' ');
  return {
    lang: document.documentElement.lang,
    headings: [...document.querySelectorAll('h1,h2,h3')].map((node) => `${node.tagName} ${text(node)}`.slice(0, 80)),
    tables: [...document.querySelectorAll('table')].map((node) => `${node.className}: ${node.rows.length} rows`),
    charts: [...document.querySelectorAll('svg[role=img]')].length,
    rows: [...document.querySelectorAll('svg.r')].length,
    coloured: [...document.querySelectorAll('.iv.good,.iv.bad,.chip.good,.chip.bad')].length,
  };
}

function overflow() {
  const root = document.documentElement;
  return root.scrollWidth > root.clientWidth + 1 ? root.scrollWidth - root.clientWidth : 0;
}

/** Texts of one drawing that stand on each other. */
function overlaps() {
  const bad = [];
  for (const drawing of document.querySelectorAll('svg.ax,svg.wide,svg.hero')) {
    const boxes = [...drawing.querySelectorAll('text')]
      .filter((node) => getComputedStyle(node).display !== 'none')
      .map((node) => [node.textContent, node.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (x > 1 && y > 4) bad.push(`"${a}" on "${b}"`);
    }));
  }
  return bad;
}

async function look(browser, file, scheme) {
  const name = basename(file, '.html');
  const context = await browser.newContext({ colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const url = pathToFileURL(resolve(file)).href;
  page.on('console', (message) => fail(`${name} ${scheme}`, `console: ${message.text()}`));
  page.on('pageerror', (error) => fail(`${name} ${scheme}`, `error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) fail(`${name} ${scheme}`, `asked for ${request.url()}`);
  });
  page.on('dialog', () => fail(`${name} ${scheme}`, 'a script ran'));
  await page.goto(url);
  for (const view of views) {
    if (view.media === 'print' && scheme === 'dark') continue;
    const where = `${name} ${scheme} ${view.name}`;
    await page.setViewportSize({ width: view.width, height: 900 });
    await page.emulateMedia({ media: view.media, colorScheme: scheme });
    const wide = await page.evaluate(overflow);
    // Names of 300 letters in every cell may squeeze a drawing and run over paper; a screen must still hold them.
    const squeezed = name === 'hostile';
    if (wide && !(squeezed && view.media === 'print')) fail(where, `${wide} px wider than the screen`);
    for (const pair of squeezed ? [] : await page.evaluate(overlaps)) fail(where, `text ${pair}`);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${view.name}-${scheme}.png`), fullPage: true });
    if (view.name !== (scheme === 'light' ? 'phone' : 'desk')) continue;  // axe once in each scheme
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
    }));
    for (const violation of result.violations)
      fail(where, `axe ${violation.id}: ${violation.help} (${violation.nodes.length}) e.g. ${violation.nodes[0].html.slice(0, 160)}`);
  }
  if (scheme === 'light') found[name] = await page.evaluate(structure);
  const scripts = await page.evaluate(() => document.querySelectorAll('script,iframe,object,embed,[onload],[onclick],[style]').length);
  if (scripts) fail(name, 'an element that could act, or an inline style');
  await context.close();
}

if (shots) mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.LIFTMARK_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const files = readdirSync(directory).filter((name) => name.endsWith('.html')).sort();
if (files.length === 0) fail(directory, 'no pages');
for (const name of files) {
  const bytes = readFileSync(join(directory, name));
  if (gzipSync(bytes).length > 40_000) fail(name, `${gzipSync(bytes).length} bytes gzipped, the budget is 40,000`);
  if (name === 'large.html') continue;  // here for its size only
  for (const scheme of ['light', 'dark']) await look(browser, join(directory, name), scheme);
}
await browser.close();

if (update) writeFileSync(remembered, JSON.stringify(found, null, 1) + '\n');
else
  for (const name of Object.keys({ ...expected, ...found }))
    if (JSON.stringify(expected[name]) !== JSON.stringify(found[name]))
      fail(name, `structure differs from structure.json:\n  was ${JSON.stringify(expected[name])}\n  is  ${JSON.stringify(found[name])}`);
for (const failure of failures) console.error(failure);
console.log(`${files.length} pages, ${failures.length} failures`);
process.exit(failures.length > 0 ? 1 : 0);
