import shared from '../eslint.config.js';

export default [
    { ignores: ['lib'] },
    {
        files: ['**/*.mjs'],
        languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
    },
    ...shared,
    {
        files: ['**/*.ts'],
        rules: {
            // Lumino's signals take a method and its `this`; listeners may be async.
            '@typescript-eslint/unbound-method': 'off',
            '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
        },
    },
];
