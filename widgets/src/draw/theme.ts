/** Colours of a page: our own, which a JupyterLab theme overrides where it has a word for it. */

export interface Theme {
  dark: boolean;
  page: string;
  text: string;
  quiet: string;
  rule: string;
  hull: string;
  hullInner: string;
  hullEdge: string;
  neutral: string;
  neutralEdge: string;
  alarm: string;
  alarmText: string;
  edge: string;
  accent: string;
}

export const LIGHT: Theme = {
  dark: false, page: '#ffffff', text: '#1b1f24', quiet: '#57606a', rule: '#d0d7de',
  hull: '#f4f6f8', hullInner: '#eaeef2', hullEdge: '#c8d1da', neutral: '#eceff2',
  neutralEdge: '#afb8c1', alarm: '#fff0e5', alarmText: '#8a3b00', edge: '#afb8c1',
  accent: '#0969da',
}; // prettier-ignore

export const DARK: Theme = {
  dark: true, page: '#0f1318', text: '#e6edf3', quiet: '#9aa5b1', rule: '#303842',
  hull: '#161b22', hullInner: '#1d242d', hullEdge: '#38424e', neutral: '#2a323c',
  neutralEdge: '#566270', alarm: '#3a1f0b', alarmText: '#ffb37a', edge: '#566270',
  accent: '#58a6ff',
}; // prettier-ignore

export type ThemeName = 'auto' | 'light' | 'dark';

/** Whether the page around is dark: JupyterLab and Notebook, VS Code, Colab, marimo. */
export function isPageDark(document: Document): boolean {
  const { body, documentElement } = document;
  const jupyter = body.dataset['jpThemeLight'];
  if (jupyter !== undefined) return jupyter === 'false';
  const kind = body.dataset['vscodeThemeKind'] ?? '';
  if (kind) return kind.includes('dark') || kind === 'vscode-high-contrast';
  if (documentElement.getAttribute('theme') === 'dark') return true;
  return [body, documentElement].some(element => element.classList.contains('dark'));
}

/** Call back when the page changes between light and dark; what it returns ends that. */
export function watchTheme(document: Document, changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  const attributes = [
    'data-jp-theme-light', 'data-jp-theme-name', 'data-vscode-theme-kind', 'data-autograd-colours',
    'theme', 'class',
  ]; // prettier-ignore
  for (const element of [document.body, document.documentElement]) {
    observer.observe(element, { attributes: true, attributeFilter: attributes });
  }
  return () => observer.disconnect();
}

export function themeNamed(name: ThemeName, document: Document): Theme {
  const dark = name === 'auto' ? isPageDark(document) : name === 'dark';
  return dark ? DARK : LIGHT;
}
