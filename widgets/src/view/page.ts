/**
 * A page of its own around a picture: the SVG inline, and a few lines of script to pan, zoom
 * and read.  It loads nothing, and user text is in it only as escaped text.
 */

import { escape, svg, type Picture } from '../draw/svg.js';
import type { Theme } from '../draw/theme.js';
import { trans } from '../trans.js';

const SCRIPT = `
const view = document.getElementById('view'), pic = view.querySelector('svg');
const side = document.getElementById('side');
const { width: W, height: H } = pic.viewBox.baseVal;
let k = 1, x = 0, y = 0, drag = null, moved = false, kept = null;
const facts = new Map();
for (const g of pic.querySelectorAll('[data-key]')) {
  const title = g.querySelector('title');
  facts.set(g, title ? title.textContent : '');
  if (title) title.remove();
}
const put = () => { pic.style.transform = 'translate(' + x + 'px,' + y + 'px) scale(' + k + ')'; };
function fit() {
  k = Math.min(view.clientWidth / W, view.clientHeight / H, 1.5);
  if (k < 0.6) k = Math.min(view.clientWidth / W, 0.9);
  x = Math.max((view.clientWidth - W * k) / 2, 0);
  y = Math.max((view.clientHeight - H * k) / 2, 0);
  put();
}
function zoom(f, cx = view.clientWidth / 2, cy = view.clientHeight / 2) {
  const n = Math.min(Math.max(k * f, 0.03), 8);
  x = cx - ((cx - x) * n) / k; y = cy - ((cy - y) * n) / k; k = n;
  put();
}
function show(g) {
  const [head, ...rest] = facts.get(g).split('\\n');
  side.replaceChildren();
  const h = document.createElement('h2');
  h.textContent = head;
  const dl = document.createElement('dl');
  for (const line of rest) {
    const at = line.indexOf(': ');
    const dt = document.createElement('dt'), dd = document.createElement('dd');
    dt.textContent = at > 0 ? line.slice(0, at) : '';
    dd.textContent = at > 0 ? line.slice(at + 2) : line;
    dl.append(dt, dd);
  }
  side.append(h, dl);
  for (const other of facts.keys()) other.classList.toggle('on', other === g);
}
view.addEventListener('wheel', e => {
  e.preventDefault();
  const r = view.getBoundingClientRect();
  zoom(Math.exp(-e.deltaY * 0.0015), e.clientX - r.left, e.clientY - r.top);
}, { passive: false });
view.addEventListener('pointerdown', e => {
  drag = [e.clientX - x, e.clientY - y]; moved = false; view.setPointerCapture(e.pointerId);
});
view.addEventListener('pointermove', e => {
  if (drag) { moved = true; x = e.clientX - drag[0]; y = e.clientY - drag[1]; put(); return; }
  const g = e.target.closest('[data-key]');
  if (g && !kept) show(g);
});
view.addEventListener('pointerup', e => {
  drag = null;
  if (moved) return;
  const at = document.elementFromPoint(e.clientX, e.clientY);
  kept = at && at.closest('[data-key]');
  if (kept) show(kept);
});
view.addEventListener('keydown', e => {
  const go = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[e.key];
  if (go) { x += go[0]; y += go[1]; put(); }
  else if (e.key === '+') zoom(1.25); else if (e.key === '-') zoom(0.8);
  else if (e.key === 'f') fit(); else return;
  e.preventDefault();
});
document.getElementById('fit').addEventListener('click', fit);
document.getElementById('find').addEventListener('input', e => {
  const q = e.target.value.toLowerCase();
  for (const [g, text] of facts) g.classList.toggle('off', q !== '' && !text.toLowerCase().includes(q));
});
addEventListener('resize', fit);
fit();
`;

/** In the language of the page, as text within markup. */
const say = (text: string): string => escape(trans.__(text));

export function page(picture: Picture, theme: Theme): string {
  const title = escape(picture.title);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${title}</title>
<style>${styleOf(theme)}</style>
</head>
<body>
<header><h1>${title}</h1><input id="find" type="search" placeholder="${say('Search')}" aria-label="${say('Search boxes')}"><button id="fit">${say('Fit')}</button></header>
<div id="view" tabindex="0" role="application" aria-label="${say('Graph: arrows pan, plus and minus zoom, f fits')}">${svg(picture)}</div>
<aside id="side" aria-live="polite"><p>${say('Point at a box to see what is known of it; click to keep it. Drag to pan, scroll to zoom.')}</p></aside>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function styleOf(theme: Theme): string {
  return `
html,body{margin:0;height:100%;background:${theme.page};color:${theme.text};font:14px/1.5 system-ui,'Segoe UI',Arial,sans-serif}
body{display:grid;grid-template:auto 1fr/1fr 300px;min-height:320px}
header{grid-column:1/3;display:flex;gap:8px;align-items:center;padding:8px 14px;border-bottom:1px solid ${theme.rule}}
h1{font-size:14px;margin:0 auto 0 0}
button,input{font:inherit;color:inherit;background:${theme.hull};border:1px solid ${theme.hullEdge};border-radius:6px;padding:3px 10px}
:focus-visible{outline:2px solid ${theme.accent};outline-offset:-2px}
#view{overflow:hidden;cursor:grab;touch-action:none;position:relative}
#view svg{position:absolute;left:0;top:0;transform-origin:0 0;user-select:none}
[data-key]{cursor:pointer}
[data-key].on>:is(rect,polygon){stroke:${theme.accent};stroke-width:3}
[data-key].off{opacity:.25}
aside{border-left:1px solid ${theme.rule};padding:12px 16px;overflow:auto}
aside h2{font-size:16px;margin:0 0 8px;overflow-wrap:anywhere}
aside dl{margin:0}aside dt{color:${theme.quiet};margin-top:8px;font-size:12.5px}
aside dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}aside p{color:${theme.quiet}}
@media(max-width:700px){body{grid-template:auto 1fr auto/1fr}header{grid-column:1}aside{border-left:0;border-top:1px solid ${theme.rule};max-height:30vh}}
`;
}
