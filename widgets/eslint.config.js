import js from '@eslint/js';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['node_modules', 'demo/dist', 'lab'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // User text is only ever set as text.
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'use textContent: labels come from user code' },
        { property: 'outerHTML', message: 'use textContent: labels come from user code' },
        { property: 'insertAdjacentHTML', message: 'use textContent: labels come from user code' },
      ],
      'max-lines': ['error', { max: 600 }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Texts are cut at code points; whole graphemes are not worth an Intl.Segmenter.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Columns and parallel arrays are indexed within bounds everywhere; "!" says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        // The last of these are the page's: the benchmark's functions run in there.
        ['process', 'console', 'URL', 'window', 'document', 'performance', 'setTimeout',
          'requestAnimationFrame'].map(name => [name, 'readonly']), // prettier-ignore
      ),
    },
  },
);
