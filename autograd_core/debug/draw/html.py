"""A page of its own: the SVG inline, a few lines of script to pan, zoom and search.

The page loads nothing.  User text is in it only as XML text (`draw_svg.escape`), and the
script puts it only into ``textContent``.
"""

# ruff: noqa: E501 - the lines of the page itself
from __future__ import annotations

from html import escape as escape_attribute

from .shapes import Scene
from .svg import escape, svg
from .theme import theme_of

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@title@</title>
<style>
html,body{margin:0;height:100%;background:@page@;color:@text@;font:13px/1.45 Inter,'Segoe UI',Arial,'DejaVu Sans',sans-serif}
body{display:grid;grid-template:auto 1fr/1fr 300px;min-height:320px}
header{grid-column:1/3;display:flex;gap:8px;align-items:center;padding:8px 14px;border-bottom:1px solid @rule@}
header b{margin-right:auto;font-weight:600}
button,input{font:inherit;color:inherit;background:@hull@;border:1px solid @edge@;border-radius:6px;padding:3px 10px}
button{cursor:pointer}
button:focus-visible,input:focus-visible,#view:focus-visible{outline:2px solid #1f6feb;outline-offset:-2px}
#view{overflow:hidden;cursor:grab;touch-action:none;position:relative}
#view:active{cursor:grabbing}
#view svg{position:absolute;left:0;top:0;transform-origin:0 0;max-width:none!important;user-select:none}
[data-key]{cursor:pointer}
[data-key].on>:is(rect,polygon){stroke:#1f6feb;stroke-width:3}
[data-key].off{opacity:.25}
aside{border-left:1px solid @rule@;padding:12px 16px;overflow:auto}
aside h2{font-size:15px;margin:0 0 8px;overflow-wrap:anywhere}
aside dl{margin:0}
aside dt{color:@quiet@;margin-top:8px;font-size:12px}
aside dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
aside p{color:@quiet@}
@media(max-width:700px){body{grid-template:auto 1fr auto/1fr}header{grid-column:1}aside{border-left:0;border-top:1px solid @rule@;max-height:30vh}}
</style>
</head>
<body>
<header><b>@title@</b><input id="find" type="search" placeholder="Search" aria-label="Search boxes">
<button id="out" aria-label="Zoom out">−</button><button id="in" aria-label="Zoom in">+</button><button id="fit">Fit</button></header>
<div id="view" tabindex="0" role="application" aria-label="Graph: arrows pan, plus and minus zoom, f fits">@svg@</div>
<aside id="side" aria-live="polite"><p>Point at a box to see what is known of it; click to keep it. Drag to pan, scroll to zoom.</p></aside>
<script>
"use strict";
const view=document.getElementById("view"),pic=view.querySelector("svg"),side=document.getElementById("side");
const W=pic.viewBox.baseVal.width,H=pic.viewBox.baseVal.height,boxes=[...pic.querySelectorAll("[data-key]")];
let k=1,x=0,y=0,drag=null,kept=null,moved=false;
const put=()=>{pic.style.transform=`translate(${x}px,${y}px) scale(${k})`};
const facts=new Map();
for(const b of boxes){const t=b.querySelector("title");facts.set(b,t?t.textContent:"");if(t)t.remove()}
function fit(){k=Math.min(view.clientWidth/W,view.clientHeight/H,1.5);
 if(k<.7)k=Math.min(view.clientWidth/W,1);x=Math.max((view.clientWidth-W*k)/2,0);y=Math.max((view.clientHeight-H*k)/2,0);put()}
function zoom(f,cx=view.clientWidth/2,cy=view.clientHeight/2){const n=Math.min(Math.max(k*f,.05),8);x=cx-(cx-x)*n/k;y=cy-(cy-y)*n/k;k=n;put()}
function show(b){const[head,...rest]=facts.get(b).split("\\n");side.replaceChildren();
 const h=document.createElement("h2");h.textContent=head;side.append(h);const d=document.createElement("dl");side.append(d);
 for(const line of rest){const at=line.indexOf(": "),dt=document.createElement("dt"),dd=document.createElement("dd");
  dt.textContent=at>0?line.slice(0,at):"";dd.textContent=at>0?line.slice(at+2):line;if(at>0)d.append(dt);d.append(dd)}
 for(const o of boxes)o.classList.toggle("on",o===b)}
view.addEventListener("wheel",e=>{e.preventDefault();const r=view.getBoundingClientRect();zoom(Math.exp(-e.deltaY*.0015),e.clientX-r.left,e.clientY-r.top)},{passive:false});
view.addEventListener("pointerdown",e=>{drag=[e.clientX-x,e.clientY-y];moved=false;view.setPointerCapture(e.pointerId)});
view.addEventListener("pointermove",e=>{if(drag){moved=true;x=e.clientX-drag[0];y=e.clientY-drag[1];put();return}
 const b=e.target.closest("[data-key]");if(b&&!kept)show(b)});
view.addEventListener("pointerup",e=>{drag=null;if(moved)return;
 const at=document.elementFromPoint(e.clientX,e.clientY),b=at&&at.closest("[data-key]");kept=b;if(b)show(b);else for(const o of boxes)o.classList.remove("on")});
view.addEventListener("keydown",e=>{const go={ArrowLeft:[60,0],ArrowRight:[-60,0],ArrowUp:[0,60],ArrowDown:[0,-60]}[e.key];
 if(go){x+=go[0];y+=go[1];put()}else if(e.key==="+"||e.key==="=")zoom(1.25);else if(e.key==="-")zoom(.8);else if(e.key==="f")fit();else return;e.preventDefault()});
document.getElementById("in").onclick=()=>zoom(1.25);document.getElementById("out").onclick=()=>zoom(.8);document.getElementById("fit").onclick=fit;
document.getElementById("find").addEventListener("input",e=>{const q=e.target.value.toLowerCase();
 for(const b of boxes)b.classList.toggle("off",!!q&&!facts.get(b).toLowerCase().includes(q))});
addEventListener("resize",put);fit();
</script>
</body>
</html>
"""


def html(scene: Scene, theme: str = "light") -> str:
    """The scene as a page that needs nothing else."""
    colours = theme_of(theme)
    page = _PAGE
    for name, value in (
        ("page", colours.page), ("text", colours.text), ("quiet", colours.quiet),
        ("rule", colours.rule), ("hull", colours.hull), ("edge", colours.hull_edge),
    ):  # fmt: skip
        page = page.replace(f"@{name}@", value)
    before, between, after = page.split("@title@")
    head, tail = after.split("@svg@")
    title = escape("Backward graph · " + scene.title)
    return "".join([before, title, between, title, head, svg(scene, responsive=False), tail])


def iframe(page: str, height: float) -> str:
    """The page inside a notebook, shut off from it."""
    tall = int(min(max(height, 360), 720))
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{escape_attribute(page, quote=True)}" '
        f'style="width:100%;height:{tall}px;border:1px solid #d0d7de;border-radius:8px"></iframe>'
    )
