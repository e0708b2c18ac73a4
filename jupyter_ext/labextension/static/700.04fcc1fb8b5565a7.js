"use strict";(self.rspackChunkautograd_core=self.rspackChunkautograd_core||[]).push([[700],{646(a,o,r){var e=r(601),t=r.n(e),n=r(314),i=(r.n(n))()(t());i.push([a.id,`/*
 * Colours are JupyterLab's variables; those of our own differ for light and dark.
 * The renderer inside has a style sheet of its own: rules for bare elements leave it alone.
 */

.ag-Panel {
  --ag-paused: #b34700;
  --ag-paused-back: rgb(213 94 0 / 12%);
  --ag-error: #b3261e;

  display: flex;
  flex-direction: column;
  min-width: 240px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  line-height: 1.4;
}

[data-jp-theme-light='false'] .ag-Panel {
  --ag-paused: #ff9d57;
  --ag-paused-back: rgb(255 140 60 / 14%);
  --ag-error: #ff8a80;
}

.ag-Panel [hidden] {
  display: none !important;
}

.ag-Top {
  flex: none;
  display: flex;
  flex-direction: column;
  gap: 8px;
  padding: 8px 10px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.ag-Body {
  flex: 1;
  min-height: 0;
  padding-bottom: 16px;
  overflow: hidden auto;
}

.ag-Top header {
  display: flex;
  align-items: baseline;
  gap: 8px;
}

.ag-Top h2 {
  margin: 0;
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
}

.ag-Notebook {
  overflow: hidden;
  color: var(--jp-ui-font-color2);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.ag-Panel :is(p, dl, dd, ul):not(.ag-root *) {
  margin: 0;
  padding: 0;
}

.ag-Panel :is(code, pre):not(.ag-root *) {
  background: none;
  color: inherit;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  overflow-wrap: anywhere;
}

.ag-Panel pre:not(.ag-root *) {
  max-height: 14em;
  margin: 4px 0 0;
  padding: 6px 8px;
  overflow: auto;
  border-radius: 3px;
  background: var(--jp-layout-color2);
  white-space: pre-wrap;
}

/* ------------------------------------------------------------ sections */

.ag-Section {
  padding: 0 10px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.ag-Section[open] {
  padding-bottom: 10px;
}

.ag-Section > summary {
  display: flex;
  gap: 6px;
  align-items: center;
  margin: 0 -10px;
  padding: 6px 10px;
  cursor: pointer;
  list-style: none;
}

.ag-Section > summary:hover {
  background: var(--jp-layout-color2);
}

.ag-Section > summary::-webkit-details-marker {
  display: none;
}

.ag-Section > summary::before,
summary.ag-Head::before {
  flex: none;
  width: 0.8em;
  color: var(--jp-ui-font-color2);
  content: '▸';
}

.ag-Section[open] > summary::before,
details[open] > summary.ag-Head::before {
  content: '▾';
}

.ag-Section h3 {
  margin: 0;
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

/* ------------------------------------------------------------ status */

.ag-Status {
  display: flex;
  flex-direction: column;
  padding: 6px 10px;
  border-left: 4px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color2);
  overflow-wrap: anywhere;
}

.ag-Status:is([data-kind='paused'], [data-kind='held']) {
  border-left-color: var(--ag-paused);
  background: var(--ag-paused-back);
}

.ag-Status:is([data-kind='paused'], [data-kind='held']) strong {
  color: var(--ag-paused);
}

.ag-Status[data-kind='running'] {
  border-left-color: var(--jp-brand-color1);
}

.ag-Muted {
  color: var(--jp-ui-font-color2);
}

.ag-Error {
  color: var(--ag-error);
  overflow-wrap: anywhere;
}

.ag-Error:empty {
  display: none;
}

.ag-Panel .ag-Warning:not(.ag-root *) {
  margin-top: 6px;
  padding-left: 8px;
  border-left: 3px solid var(--jp-warn-color1);
}

/* ------------------------------------------------------------ controls */

.ag-Panel button:not(.ag-root *) {
  padding: 4px 10px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
}

.ag-Panel button:hover:not([aria-disabled='true'], :disabled, .ag-root *) {
  background: var(--jp-layout-color2);
}

.ag-Panel :focus-visible:not(.ag-root, .ag-root *) {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.ag-Panel :is(button, input):disabled:not(.ag-root *) {
  cursor: not-allowed;
  opacity: 0.6;
}

.ag-Panel :is(input[type='text'], select):not(.ag-root *) {
  min-width: 0;
  padding: 4px 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-input-background, var(--jp-layout-color1));
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.ag-Panel input::placeholder {
  color: var(--jp-ui-font-color2);
  opacity: 1;
}

.ag-Panel svg:not(.ag-root *, .ag-Sparkline) {
  width: 16px;
  height: 16px;
  fill: currentcolor;
}

.ag-Transport {
  display: grid;
  grid-template-columns: repeat(8, 1fr);
  gap: 2px;
}

.ag-Panel .ag-Transport button:not(.ag-root *) {
  display: flex;
  flex-direction: column;
  align-items: center;
  gap: 1px;
  min-width: 0;
  padding: 5px 0 3px;
  border-color: transparent;
  font-size: 10.5px;
}

@container (max-width: 360px) {
  .ag-Transport {
    grid-template-columns: repeat(4, 1fr);
  }
}

.ag-Top {
  container-type: inline-size;
}

.ag-Panel .ag-Transport button[aria-disabled='true']:not(.ag-root *) {
  color: var(--jp-ui-font-color2);
  cursor: not-allowed;
}

.ag-Panel .ag-Transport button[aria-disabled='true'] svg {
  opacity: 0.4;
}

.ag-Panel .ag-Transport button[data-verb='continue'][aria-disabled='false']:not(.ag-root *) {
  background: var(--ag-paused-back);
  color: var(--ag-paused);
}

.ag-Panel button[aria-expanded='true']:not(.ag-root *) {
  border-color: var(--jp-brand-color1);
  background: var(--jp-layout-color2);
}

.ag-Panel .ag-Load:not(.ag-root *) {
  border-color: transparent;
  background: #0b5fb0;
  color: #fff;
}

.ag-Panel .ag-Load:hover:not(:disabled, .ag-root *) {
  background: #094a8a;
}

.ag-Row {
  display: flex;
  gap: 6px;
}

.ag-Row input {
  flex: 1;
}

.ag-Ask {
  display: flex;
  flex-direction: column;
  gap: 4px;
  margin-top: 8px;
}

.ag-Panel .ag-Icon:not(.ag-root *) {
  display: flex;
  padding: 4px;
  border-color: transparent;
  background: none;
  color: var(--jp-ui-font-color2);
}

.ag-Panel .ag-Link:not(.ag-root *) {
  padding: 0;
  border: 0;
  background: none;
  color: var(--jp-content-link-color, var(--jp-brand-color1));
  text-align: left;
  text-decoration: underline;
}

/* ------------------------------------------------------------ what is at the stop */

.ag-Panel dl:not(.ag-root *) {
  display: grid;
  grid-template-columns: max-content minmax(0, 1fr);
  gap: 4px 10px;
}

.ag-Panel dt:not(.ag-root *) {
  color: var(--jp-ui-font-color2);
}

.ag-Value + .ag-Value {
  margin-top: 8px;
}

.ag-Head {
  display: flex;
  flex-wrap: wrap;
  gap: 0 10px;
}

.ag-Panel summary.ag-Head {
  cursor: pointer;
}

.ag-Head span,
.ag-Facts small {
  color: var(--jp-ui-font-color2);
}

.ag-Facts {
  display: flex;
  flex-wrap: wrap;
  gap: 0 12px;
}

.ag-Facts span {
  font-variant-numeric: tabular-nums;
}

.ag-Odd {
  color: var(--ag-paused);
}

.ag-mod-record {
  filter: saturate(0.4);
}

/* ------------------------------------------------------------ breakpoints */

.ag-Breakpoints li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0 8px;
  padding: 1px 0;
}

.ag-Breakpoints li > label {
  display: flex;
  flex: 1;
  gap: 6px;
  align-items: center;
  min-width: 0;
}

.ag-Breakpoints li > label code {
  overflow: hidden;
  text-overflow: ellipsis;
}

.ag-Breakpoints li > p {
  flex-basis: 100%;
}

.ag-Panel .ag-Breakpoints:not(:empty, .ag-root *) {
  margin-bottom: 6px;
}

.ag-Breakpoints li.ag-mod-off code {
  color: var(--jp-ui-font-color2);
  text-decoration: line-through;
}

.ag-Breakpoints input {
  flex: none;
  margin: 0;
  accent-color: var(--ag-paused);
}

.ag-Hits {
  color: var(--jp-ui-font-color2);
  font-size: 11px;
  white-space: nowrap;
}

.ag-Hits.ag-mod-hit {
  color: var(--ag-paused);
  font-weight: 600;
}

/* ------------------------------------------------------------ graph and parameters */

.ag-GraphHost {
  --ag-height: 420px;

  margin: 0 -10px -10px;
}

.ag-GraphHost .ag-root {
  border-width: 1px 0 0;
  border-radius: 0;
}

/* ------------------------------------------------------------ the renderer, beside our own controls */
.ag-GraphHost .ag-root :is(.ag-foot, .ag-inspector) {
  display: none;
}

.ag-GraphHost .ag-root[data-compact] .ag-main {
  grid-template-rows: minmax(0, 1fr);
  grid-template-columns: minmax(0, 1fr);
}

.ag-GraphHost .ag-root .ag-bar {
  gap: 4px;
  padding: 4px 6px;
}

.ag-GraphHost .ag-root .ag-find {
  flex-basis: 60px;
  min-width: 0;
  margin: 0;
}

.ag-GraphHost .ag-root .ag-bar :is(button, summary) {
  padding: 3px 4px;
}

.ag-GraphHost .ag-root .ag-side {
  display: block;
  border: 0;
}

.ag-GraphHost .ag-root[data-no-tree] .ag-side,
.ag-GraphHost .ag-root:not([data-no-tree]) .ag-middle {
  display: none;
}

.ag-GraphHost .ag-root[data-compact][data-inspect] .ag-main {
  grid-template-rows: minmax(0, 1fr) minmax(70px, 45%);
}

.ag-GraphHost .ag-root[data-inspect] .ag-inspector {
  display: block;
}

@container (max-width: 590px) {
  .ag-GraphHost .ag-root .ag-legend canvas:nth-child(n + 3) {
    display: none;
  }
}

.ag-Scroll {
  container-type: inline-size;
  max-height: 360px;
  margin: 0 -10px;
  padding: 0 10px;
  overflow: auto;
}

.ag-Parameters {
  width: 100%;
  border-collapse: collapse;
}

.ag-Parameters :is(th, td) {
  padding: 3px 8px 3px 0;
  font-weight: 400;
  text-align: start;
  vertical-align: middle;
}

.ag-Parameters thead th {
  position: sticky;
  z-index: 1;
  top: 0;
  border-bottom: 1px solid var(--jp-border-color2);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color2);
}

.ag-Panel .ag-Parameters thead button:not(.ag-root *) {
  padding: 0;
  border: 0;
  background: none;
  color: inherit;
}

.ag-Parameters [aria-sort='descending'] button::after {
  content: ' ▾';
}

.ag-Parameters tbody tr:hover {
  background: var(--jp-layout-color2);
}

.ag-Parameters tbody th {
  max-width: 0;
  width: 99%;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.ag-Panel .ag-Parameters tbody th button:not(.ag-root *) {
  max-width: 100%;
  overflow: hidden;
  color: inherit;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  text-decoration: none;
  text-overflow: ellipsis;
  vertical-align: middle;
}

.ag-Panel .ag-Parameters tbody th button:hover:not(.ag-root *) {
  background: none;
  text-decoration: underline;
}

.ag-Parameters small {
  margin-left: 8px;
  color: var(--jp-ui-font-color2);
}

.ag-Norm {
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}

.ag-Norm .ag-mod-old {
  color: var(--jp-ui-font-color2);
  font-style: italic;
}

.ag-Norm b {
  margin-left: 5px;
  font-size: 11px;
}

.ag-Swatch {
  display: inline-block;
  width: 9px;
  height: 9px;
  margin-right: 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 2px;
}

.ag-Sparkline {
  display: block;
  overflow: visible;
  fill: none;
  stroke: var(--jp-ui-font-color2);
  stroke-width: 1.2;
}

@container (max-width: 320px) {
  .ag-Sparkline {
    width: 48px;
  }

  .ag-Parameters small {
    display: none;
  }

  .ag-Parameters tbody th {
    white-space: normal;
  }

  .ag-Panel .ag-Parameters tbody th button:not(.ag-root *) {
    display: -webkit-box;
    overflow-wrap: anywhere;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 4;
  }
}

.ag-Sparkline circle {
  fill: var(--jp-brand-color1);
  stroke: none;
}

.ag-Sparkline .ag-SparkOdd {
  stroke: var(--ag-error);
  stroke-width: 2;
}

/* ------------------------------------------------------------ lines of cells */

.ag-Gutter .cm-gutterElement {
  display: flex;
  align-items: center;
  padding: 0 1px 0 3px;
}

.ag-GutterMark {
  position: relative;
  display: block;
  width: 12px;
  height: 12px;
}

.ag-GutterMark[data-breakpoint]::before {
  position: absolute;
  inset: 1px;
  border: 2px solid #cf222e;
  border-radius: 50%;
  background: #cf222e;
  content: '';
}

.ag-GutterMark[data-breakpoint][data-off]::before {
  background: none;
}

.ag-GutterMark[data-paused]::after {
  position: absolute;
  inset: 0;
  clip-path: polygon(0 25%, 45% 25%, 45% 0, 100% 50%, 45% 100%, 45% 75%, 0 75%);
  background: #d55e00;
  content: '';
}

.ag-GutterMark[data-paused][data-breakpoint]::after {
  inset: 3px;
  background: #fff;
}

/* A graph in the place of a widget, which gets ready behind it. */
.ag-StandIn {
  position: relative;
}

.ag-StandIn > .ag-mod-waits {
  position: absolute;
  inset: 0 0 auto var(--jp-cell-prompt-width);
  width: auto;
  visibility: hidden;
}
`,""]),r.d(o,{},{A:i})},314(a){a.exports=function(a){var o=[];return o.toString=function(){return this.map(function(o){var r="",e=void 0!==o[5];return o[4]&&(r+="@supports (".concat(o[4],") {")),o[2]&&(r+="@media ".concat(o[2]," {")),e&&(r+="@layer".concat(o[5].length>0?" ".concat(o[5]):""," {")),r+=a(o),e&&(r+="}"),o[2]&&(r+="}"),o[4]&&(r+="}"),r}).join("")},o.i=function(a,r,e,t,n){"string"==typeof a&&(a=[[null,a,void 0]]);var i={};if(e)for(var l=0;l<this.length;l++){var p=this[l][0];null!=p&&(i[p]=!0)}for(var d=0;d<a.length;d++){var s=[].concat(a[d]);e&&i[s[0]]||(void 0!==n&&(void 0===s[5]||(s[1]="@layer".concat(s[5].length>0?" ".concat(s[5]):""," {").concat(s[1],"}")),s[5]=n),r&&(s[2]&&(s[1]="@media ".concat(s[2]," {").concat(s[1],"}")),s[2]=r),t&&(s[4]?(s[1]="@supports (".concat(s[4],") {").concat(s[1],"}"),s[4]=t):s[4]="".concat(t)),o.push(s))}},o}},601(a){a.exports=function(a){return a[1]}},72(a){var o=[];function r(a){for(var r=-1,e=0;e<o.length;e++)if(o[e].identifier===a){r=e;break}return r}function e(a,e){for(var t={},n=[],i=0;i<a.length;i++){var l=a[i],p=e.base?l[0]+e.base:l[0],d=t[p]||0,s="".concat(p," ").concat(d);t[p]=d+1;var g=r(s),c={css:l[1],media:l[2],sourceMap:l[3],supports:l[4],layer:l[5]};if(-1!==g)o[g].references++,o[g].updater(c);else{var u=function(a,o){var r=o.domAPI(o);return r.update(a),function(o){o?(o.css!==a.css||o.media!==a.media||o.sourceMap!==a.sourceMap||o.supports!==a.supports||o.layer!==a.layer)&&r.update(a=o):r.remove()}}(c,e);e.byIndex=i,o.splice(i,0,{identifier:s,updater:u,references:1})}n.push(s)}return n}a.exports=function(a,t){var n=e(a=a||[],t=t||{});return function(a){a=a||[];for(var i=0;i<n.length;i++){var l=r(n[i]);o[l].references--}for(var p=e(a,t),d=0;d<n.length;d++){var s=r(n[d]);0===o[s].references&&(o[s].updater(),o.splice(s,1))}n=p}}},659(a){var o={};a.exports=function(a,r){var e=function(a){if(void 0===o[a]){var r=document.querySelector(a);if(window.HTMLIFrameElement&&r instanceof window.HTMLIFrameElement)try{r=r.contentDocument.head}catch(a){r=null}o[a]=r}return o[a]}(a);if(!e)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");e.appendChild(r)}},540(a){a.exports=function(a){var o=document.createElement("style");return a.setAttributes(o,a.attributes),a.insert(o,a.options),o}},56(a,o,r){a.exports=function(a){var o=r.nc;o&&a.setAttribute("nonce",o)}},825(a){a.exports=function(a){if("u"<typeof document)return{update:function(){},remove:function(){}};var o=a.insertStyleElement(a);return{update:function(r){var e,t,n;e="",r.supports&&(e+="@supports (".concat(r.supports,") {")),r.media&&(e+="@media ".concat(r.media," {")),(t=void 0!==r.layer)&&(e+="@layer".concat(r.layer.length>0?" ".concat(r.layer):""," {")),e+=r.css,t&&(e+="}"),r.media&&(e+="}"),r.supports&&(e+="}"),(n=r.sourceMap)&&"u">typeof btoa&&(e+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(n))))," */")),a.styleTagTransform(e,o,a.options)},remove:function(){var a;null===(a=o).parentNode||a.parentNode.removeChild(a)}}}},113(a){a.exports=function(a,o){if(o.styleSheet)o.styleSheet.cssText=a;else{for(;o.firstChild;)o.removeChild(o.firstChild);o.appendChild(document.createTextNode(a))}}},959(a,o,r){var e=r(72),t=r.n(e),n=r(825),i=r.n(n),l=r(659),p=r.n(l),d=r(56),s=r.n(d),g=r(540),c=r.n(g),u=r(113),f=r.n(u),m=r(646),b={};b.styleTagTransform=f(),b.setAttributes=s(),b.insert=p().bind(null,"head"),b.domAPI=i(),b.insertStyleElement=c(),t()(m.A,b),m.A&&m.A.locals&&m.A.locals}}]);