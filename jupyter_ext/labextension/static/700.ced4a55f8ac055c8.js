"use strict";(self.rspackChunkautograd_core=self.rspackChunkautograd_core||[]).push([[700],{646(a,o,r){var e=r(601),t=r.n(e),n=r(314),i=(r.n(n))()(t());i.push([a.id,`/* Colours are JupyterLab's variables; the two of our own differ for light and dark. */

.ag-Panel {
  --ag-paused: #b34700;
  --ag-paused-back: rgb(213 94 0 / 12%);

  display: flex;
  flex-direction: column;
  gap: 10px;
  min-width: 240px;
  padding: 10px 12px 24px;
  overflow: hidden auto;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  line-height: 1.4;
}

[data-jp-theme-light='false'] .ag-Panel {
  --ag-paused: #ff9d57;
  --ag-paused-back: rgb(255 140 60 / 14%);
}

.ag-Panel [hidden] {
  display: none !important;
}

.ag-Panel header {
  display: flex;
  align-items: baseline;
  gap: 8px;
}

.ag-Panel h2 {
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

.ag-Panel h3 {
  margin: 0 0 6px;
  padding-bottom: 3px;
  border-bottom: 1px solid var(--jp-border-color2);
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.ag-Panel p,
.ag-Panel dl,
.ag-Panel dd,
.ag-Panel ul {
  margin: 0;
  padding: 0;
}

.ag-Panel code,
.ag-Panel pre {
  background: none;
  color: inherit;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  overflow-wrap: anywhere;
}

.ag-Panel pre {
  max-height: 14em;
  margin: 4px 0 0;
  padding: 6px 8px;
  overflow: auto;
  border-radius: 3px;
  background: var(--jp-layout-color2);
  white-space: pre-wrap;
}

/* ------------------------------------------------------------ status */

.ag-Status {
  display: flex;
  flex-direction: column;
  padding: 8px 10px;
  border-left: 4px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color2);
  overflow-wrap: anywhere;
}

.ag-Status[data-kind='paused'],
.ag-Status[data-kind='held'] {
  border-left-color: var(--ag-paused);
  background: var(--ag-paused-back);
}

.ag-Status[data-kind='paused'] strong,
.ag-Status[data-kind='held'] strong {
  color: var(--ag-paused);
}

.ag-Status[data-kind='running'] {
  border-left-color: var(--jp-brand-color1);
}

.ag-Muted {
  color: var(--jp-ui-font-color2);
}

.ag-Error {
  color: var(--jp-error-color0, var(--jp-error-color1));
  overflow-wrap: anywhere;
}

[data-jp-theme-light='false'] .ag-Error {
  color: #ff8a80;
}

.ag-Error:empty {
  display: none;
}

.ag-Warning {
  margin-top: 6px !important;
  padding-left: 8px !important;
  border-left: 3px solid var(--jp-warn-color1);
}

/* ------------------------------------------------------------ controls */

.ag-Panel button {
  padding: 4px 10px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
}

.ag-Panel button:hover:not([aria-disabled='true'], :disabled) {
  background: var(--jp-layout-color2);
}

.ag-Panel :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.ag-Panel button:disabled,
.ag-Panel input:disabled {
  cursor: not-allowed;
  opacity: 0.6;
}

.ag-Panel input[type='text'],
.ag-Panel select {
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

.ag-Transport {
  display: grid;
  grid-template-columns: repeat(4, 1fr);
  gap: 4px;
}

.ag-Panel .ag-Transport button {
  display: flex;
  flex-direction: column;
  align-items: center;
  gap: 2px;
  min-width: 0;
  padding: 5px 2px 3px;
  font-size: var(--jp-ui-font-size0, 11px);
}

.ag-Panel .ag-Transport button[aria-disabled='true'] {
  border-color: var(--jp-border-color2);
  color: var(--jp-ui-font-color2);
  cursor: not-allowed;
}

.ag-Panel .ag-Transport button[aria-disabled='true'] svg {
  opacity: 0.45;
}

.ag-Panel button[aria-expanded='true'] {
  border-color: var(--jp-brand-color1);
  background: var(--jp-layout-color2);
}

.ag-Panel svg {
  width: 16px;
  height: 16px;
  fill: currentcolor;
}

.ag-Panel .ag-Load {
  border-color: transparent;
  background: var(--jp-brand-color1);
  color: var(--jp-ui-inverse-font-color1, #fff);
}

.ag-Panel .ag-Load:hover {
  background: var(--jp-brand-color0) !important;
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

.ag-Panel .ag-Icon {
  display: flex;
  padding: 2px;
  border-color: transparent;
  background: none;
  color: var(--jp-ui-font-color2);
}

.ag-Panel .ag-Link {
  padding: 0;
  border: 0;
  background: none;
  color: var(--jp-content-link-color, var(--jp-brand-color1));
  text-align: left;
  text-decoration: underline;
}

/* ------------------------------------------------------------ what is at the stop */

.ag-Panel dl {
  display: grid;
  grid-template-columns: max-content minmax(0, 1fr);
  gap: 4px 10px;
}

.ag-Panel dt {
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

.ag-Head::before {
  content: none;
}

summary.ag-Head::before {
  content: '▸';
  width: 0.6em;
}

details[open] > summary.ag-Head::before {
  content: '▾';
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
  opacity: 0.85;
}

/* ------------------------------------------------------------ breakpoints */

.ag-Breakpoints li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0 8px;
  padding: 2px 0;
}

.ag-Breakpoints li > label {
  display: flex;
  flex: 1;
  gap: 6px;
  align-items: baseline;
  min-width: 0;
}

.ag-Breakpoints li > p {
  flex-basis: 100%;
}

.ag-Breakpoints:not(:empty) {
  margin-bottom: 6px !important;
}

.ag-Breakpoints li.ag-mod-off code {
  color: var(--jp-ui-font-color2);
  text-decoration: line-through;
}

.ag-Breakpoints input {
  accent-color: var(--ag-paused);
}

.ag-Hits {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0, 11px);
  white-space: nowrap;
}

.ag-Hits.ag-mod-hit {
  color: var(--ag-paused);
  font-weight: 600;
}
`,""]),r.d(o,{},{A:i})},314(a){a.exports=function(a){var o=[];return o.toString=function(){return this.map(function(o){var r="",e=void 0!==o[5];return o[4]&&(r+="@supports (".concat(o[4],") {")),o[2]&&(r+="@media ".concat(o[2]," {")),e&&(r+="@layer".concat(o[5].length>0?" ".concat(o[5]):""," {")),r+=a(o),e&&(r+="}"),o[2]&&(r+="}"),o[4]&&(r+="}"),r}).join("")},o.i=function(a,r,e,t,n){"string"==typeof a&&(a=[[null,a,void 0]]);var i={};if(e)for(var l=0;l<this.length;l++){var p=this[l][0];null!=p&&(i[p]=!0)}for(var d=0;d<a.length;d++){var c=[].concat(a[d]);e&&i[c[0]]||(void 0!==n&&(void 0===c[5]||(c[1]="@layer".concat(c[5].length>0?" ".concat(c[5]):""," {").concat(c[1],"}")),c[5]=n),r&&(c[2]&&(c[1]="@media ".concat(c[2]," {").concat(c[1],"}")),c[2]=r),t&&(c[4]?(c[1]="@supports (".concat(c[4],") {").concat(c[1],"}"),c[4]=t):c[4]="".concat(t)),o.push(c))}},o}},601(a){a.exports=function(a){return a[1]}},72(a){var o=[];function r(a){for(var r=-1,e=0;e<o.length;e++)if(o[e].identifier===a){r=e;break}return r}function e(a,e){for(var t={},n=[],i=0;i<a.length;i++){var l=a[i],p=e.base?l[0]+e.base:l[0],d=t[p]||0,c="".concat(p," ").concat(d);t[p]=d+1;var s=r(c),u={css:l[1],media:l[2],sourceMap:l[3],supports:l[4],layer:l[5]};if(-1!==s)o[s].references++,o[s].updater(u);else{var g=function(a,o){var r=o.domAPI(o);return r.update(a),function(o){o?(o.css!==a.css||o.media!==a.media||o.sourceMap!==a.sourceMap||o.supports!==a.supports||o.layer!==a.layer)&&r.update(a=o):r.remove()}}(u,e);e.byIndex=i,o.splice(i,0,{identifier:c,updater:g,references:1})}n.push(c)}return n}a.exports=function(a,t){var n=e(a=a||[],t=t||{});return function(a){a=a||[];for(var i=0;i<n.length;i++){var l=r(n[i]);o[l].references--}for(var p=e(a,t),d=0;d<n.length;d++){var c=r(n[d]);0===o[c].references&&(o[c].updater(),o.splice(c,1))}n=p}}},659(a){var o={};a.exports=function(a,r){var e=function(a){if(void 0===o[a]){var r=document.querySelector(a);if(window.HTMLIFrameElement&&r instanceof window.HTMLIFrameElement)try{r=r.contentDocument.head}catch(a){r=null}o[a]=r}return o[a]}(a);if(!e)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");e.appendChild(r)}},540(a){a.exports=function(a){var o=document.createElement("style");return a.setAttributes(o,a.attributes),a.insert(o,a.options),o}},56(a,o,r){a.exports=function(a){var o=r.nc;o&&a.setAttribute("nonce",o)}},825(a){a.exports=function(a){if("u"<typeof document)return{update:function(){},remove:function(){}};var o=a.insertStyleElement(a);return{update:function(r){var e,t,n;e="",r.supports&&(e+="@supports (".concat(r.supports,") {")),r.media&&(e+="@media ".concat(r.media," {")),(t=void 0!==r.layer)&&(e+="@layer".concat(r.layer.length>0?" ".concat(r.layer):""," {")),e+=r.css,t&&(e+="}"),r.media&&(e+="}"),r.supports&&(e+="}"),(n=r.sourceMap)&&"u">typeof btoa&&(e+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(n))))," */")),a.styleTagTransform(e,o,a.options)},remove:function(){var a;null===(a=o).parentNode||a.parentNode.removeChild(a)}}}},113(a){a.exports=function(a,o){if(o.styleSheet)o.styleSheet.cssText=a;else{for(;o.firstChild;)o.removeChild(o.firstChild);o.appendChild(document.createTextNode(a))}}},959(a,o,r){var e=r(72),t=r.n(e),n=r(825),i=r.n(n),l=r(659),p=r.n(l),d=r(56),c=r.n(d),s=r(540),u=r.n(s),g=r(113),f=r.n(g),v=r(646),m={};m.styleTagTransform=f(),m.setAttributes=c(),m.insert=p().bind(null,"head"),m.domAPI=i(),m.insertStyleElement=u(),t()(v.A,m),v.A&&v.A.locals&&v.A.locals}}]);