/**
 * Bundle what runs without JupyterLab: `node bundles.mjs [--minify]`.
 *
 * Both take Preact for React, which is a seventh of its size. The widget is one module, because it
 * travels over a comm and cannot be split; the page loads its heavy parts when they are wanted.
 */

import { build } from 'esbuild';

const TARGET = 'python_pkg/omicshelf/static';

const shared = {
  alias: {
    react: 'preact/compat',
    'react-dom': 'preact/compat',
    'react-dom/client': 'preact/compat/client',
    'react/jsx-runtime': 'preact/jsx-runtime'
  },
  bundle: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  format: 'esm',
  jsx: 'automatic',
  legalComments: 'none',
  loader: { '.svg': 'text' },
  logLevel: 'info',
  minify: process.argv.includes('--minify'),
  target: 'es2020',
  tsconfig: 'tsconfig.json'
};

await Promise.all([
  build({ ...shared, entryPoints: { widget: 'src/widget/index.tsx' }, outdir: TARGET }),
  build({
    ...shared,
    chunkNames: 'page/[name]-[hash]',
    entryPoints: { standalone: 'src/standalone/index.tsx' },
    outdir: TARGET,
    splitting: true
  })
]);
