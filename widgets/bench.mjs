// Figures of the renderer in headless Chromium (software rendering: read them as ratios).
//
//     npm run bench                 all of it            CHROMIUM=/path/to/chromium npm run bench
//
// Each figure is the median of several fresh pages; "first paint" begins with decoding the first
// frame, and ends after the browser painted.

import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { buildDemo, serve } from './demo/serve.mjs';

const RUNS = 5;
const FRAMES = 30;

const server = await serve(0);
const url = `http://127.0.0.1:${server.address().port}/`;
await buildDemo();
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
});

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function open(query) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
    await page.goto(`${url}?wait&${query}`);
    await page.waitForFunction(() => window.demo !== undefined);
    return page;
}

async function firstPaint(query) {
    const times = [];
    let nodes = 0;
    for (let run = 0; run < RUNS; run++) {
        const page = await open(query);
        times.push(await page.evaluate(() => window.demo.show()));
        nodes = await page.evaluate(() => window.demo.nodes);
        await page.close();
    }
    return { nodes, milliseconds: median(times) };
}

async function expandAll(query) {
    const times = [];
    let boxes = 0;
    for (let run = 0; run < RUNS; run++) {
        const page = await open(query);
        await page.evaluate(() => window.demo.show());
        await page.waitForTimeout(300);
        const found = await page.evaluate(async () => {
            const root = document.querySelector('.ag-root');
            const before = root.dataset.boxes;
            const begun = performance.now();
            document.querySelector('[data-action=expand]').click();
            while (root.dataset.boxes === before) await new Promise(r => setTimeout(r, 4));
            await new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)));
            return [performance.now() - begun, Number(root.dataset.boxes)];
        });
        times.push(found[0]);
        boxes = found[1];
        await page.close();
    }
    return { boxes, milliseconds: median(times) };
}

/** Time of a frame while somebody pans or zooms a picture with as many items as are ever drawn. */
async function frames(query) {
    const page = await open(query);
    await page.evaluate(() => window.demo.show());
    await page.click('[data-action=expand]');
    await page.waitForTimeout(2500);
    const measure = kind =>
        page.evaluate(
            async ([kind, count]) => {
                const canvas = document.querySelector('.ag-graph');
                const times = [];
                let most = 0;
                for (let n = 0; n < count; n++) {
                    const begun = performance.now();
                    window.demo.drive(kind, n);
                    const { items } = window.demo.lastFrame();
                    canvas.getContext('2d').getImageData(0, 0, 1, 1); // wait until it is drawn
                    times.push(performance.now() - begun);
                    most = Math.max(most, items);
                    await new Promise(r => requestAnimationFrame(r));
                }
                return { items: most, times };
            },
            [kind, FRAMES],
        );
    const found = {};
    for (const kind of ['pan', 'zoom']) {
        const { items, times } = await measure(kind);
        found[kind] = { items, milliseconds: median(times), worst: Math.max(...times) };
    }
    await page.close();
    return found;
}

/** From the arrival of rows to their picture, with 20 frames a second of 50 steps each. */
async function live() {
    const page = await open('layers=16&iterations=1');
    const times = await page.evaluate(() => window.demo.stream(50, 20));
    await page.close();
    return { milliseconds: median(times), worst: Math.max(...times) };
}

const row = (name, value, goal) =>
    console.log(`${name.padEnd(44)} ${value.padStart(22)}   ${goal ? `goal ${goal}` : ''}`);
const ms = value => `${Math.round(value)} ms`;

const bundle = gzipSync(
    await readFile(new URL('../jupyter_ext/static/inline.js', import.meta.url)),
    { level: 9 },
).length;
row('inline bundle, gzipped', `${(bundle / 1024).toFixed(1)} KiB`, '120 KiB');
for (const [query, goal] of [
    ['layers=17&iterations=1', 200],
    ['layers=48', null],
    ['layers=200&iterations=1', 600],
    ['layers=1800&stages=40&iterations=1', 3000],
    ['model=recurrent&steps=2000', null],
]) {
    const { nodes, milliseconds } = await firstPaint(query);
    row(`first paint, ${nodes} nodes`, ms(milliseconds), goal && `${goal} ms`);
}
for (const [query, goal] of [
    ['layers=17', null],
    ['layers=48', 900],
    ['layers=200&iterations=1', 1600],
]) {
    const { boxes, milliseconds } = await expandAll(query);
    row(`expand all, ${boxes} boxes`, ms(milliseconds), goal && `${goal} ms`);
}
const { pan, zoom } = await frames('layers=48');
row(`pan a frame, ${pan.items} items`, `${ms(pan.milliseconds)} (${ms(pan.worst)})`, '25 ms');
row(`zoom a frame, ${zoom.items} items`, `${ms(zoom.milliseconds)} (${ms(zoom.worst)})`, '25 ms');
const arrival = await live();
row(
    'rows to picture at 1,000 steps/s',
    `${ms(arrival.milliseconds)} (${ms(arrival.worst)})`,
    '250 ms',
);

await browser.close();
server.close();
