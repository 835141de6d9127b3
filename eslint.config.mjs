import js from '@eslint/js';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** What may import what: components know no host, and hosts do not know each other. */
const boundary = (files, group, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] }
});

export default tseslint.config(
  {
    ignores: [
      'lib/',
      'python_pkg/',
      'node_modules/',
      'build/',
      'dist/',
      'docs/',
      'demo/',
      'artefacts/',
      '.venv*/',
      'src/api/schema.d.ts'
    ]
  },
  js.configs.recommended,
  { files: ['*.mjs', '*.ts'], languageOptions: { globals: globals.node } },
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [
      ...tseslint.configs.recommendedTypeChecked,
      jsxA11y.flatConfigs.recommended,
      reactHooks.configs['recommended-latest']
    ],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname }
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-misused-promises': [
        'error',
        // A handler of an event may be async: what it throws is shown by what it calls.
        { checksVoidReturn: { attributes: false } }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['error'] }],
      // Text from data is only ever text.
      'no-restricted-syntax': [
        'error',
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: 'Text from data is only ever text.'
        },
        {
          selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]',
          message: 'Text from data is only ever text.'
        }
      ]
    }
  },
  boundary(
    ['src/api/**'],
    ['@jupyterlab/*', '@lumino/*', 'react', 'react-dom', '**/components/**', '**/lab/**'],
    'src/api knows neither a host nor what is shown.'
  ),
  boundary(
    ['src/components/**'],
    ['@jupyterlab/*', '@lumino/*', '**/lab/**', '**/widget/**', '**/standalone/**'],
    'Components are given an IHost and know no host.'
  ),
  boundary(
    ['src/widget/**', 'src/standalone/**'],
    ['@jupyterlab/*', '@lumino/*', '**/lab/**'],
    'The widget and the page are bundled without JupyterLab.'
  )
);
