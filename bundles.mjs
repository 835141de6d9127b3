/**
 * Bundle what runs without JupyterLab: `node bundles.mjs [--minify]`.
 *
 * Both take Preact for React, which is a seventh of its size. Heavy parts are loaded when they are
 * wanted: the page fetches them; the widget, which travels over a comm, asks the kernel for them.
 */

import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const TARGET = 'python_pkg/omicshelf/static';

// Every widget in a notebook carries the script, so it has a limit, and some things are never in it.
const MOST_OF_WIDGET = 60_000;
const NEVER_IN_WIDGET = /node_modules\/(@codemirror|@dagrejs|regl)/;

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

await Promise.all([buildPage(), buildWidget()]);

async function buildPage() {
  await rm(join(TARGET, 'page'), { recursive: true, force: true });
  await build({
    ...shared,
    chunkNames: 'page/[name]-[hash]',
    entryPoints: { standalone: 'src/standalone/index.tsx' },
    outdir: TARGET,
    splitting: true
  });
}

/**
 * A blob has no address beside which its chunks would lie. So esbuild splits as for a page, and
 * then what is wanted at once is put together again; a chunk for later takes what it shares with
 * others from a table of the page (see `src/widget/parts.ts`), instead of importing it.
 */
async function buildWidget() {
  const split = await build({
    ...shared,
    entryPoints: { widget: 'src/widget/index.ts' },
    logLevel: 'warning',
    metafile: true,
    outdir: TARGET,
    splitting: true,
    write: false
  });
  const texts = new Map(split.outputFiles.map(file => [basename(file.path), file.text]));
  const outputs = new Map(
    Object.entries(split.metafile.outputs).map(([path, output]) => [basename(path), output])
  );
  const scripts = [...outputs.keys()].filter(name => name.endsWith('.js'));
  const atOnce = within(outputs, 'widget.js');
  assertLight(outputs, atOnce);

  const hash = createHash('sha256');
  scripts.sort().forEach(name => hash.update(texts.get(name)));
  const page = `globalThis[Symbol.for("omicshelf/${hash.digest('hex').slice(0, 12)}")]`;
  const later = scripts.filter(name => !atOnce.includes(name));
  // What a part needs besides: in the order in which they are to be there.
  const needs = Object.fromEntries(
    later.map(name => [name, within(outputs, name).filter(one => later.includes(one))])
  );
  const linked = name => linkedLater(texts.get(name), scripts, page);

  const widget = await joined(texts, atOnce, page, needs);
  const script = linkedLater(widget, [], page, later);
  const size = gzipSync(script, { level: 9 }).length;
  if (shared.minify && size > MOST_OF_WIDGET) {
    throw new Error(`widget.js has ${size} bytes compressed, more than ${MOST_OF_WIDGET}.`);
  }
  const folder = join(TARGET, 'widget');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(TARGET, 'widget.js'), script);
  await writeFile(join(TARGET, 'widget.css'), texts.get('widget.css') ?? '');
  await Promise.all(later.map(name => writeFile(join(folder, name), linked(name))));
  console.log(`  widget.js  ${size} bytes compressed, and ${later.length} parts for later`);
}

/** A script and all that it imports before it runs, what is needed first before what needs it. */
function within(outputs, name, found = new Set()) {
  for (const { path, kind } of outputs.get(name).imports) {
    const imported = basename(path);
    if (kind === 'import-statement' && outputs.has(imported) && !found.has(imported)) {
      within(outputs, imported, found);
    }
  }
  return [...found.add(name)];
}

function assertLight(outputs, names) {
  for (const name of names) {
    const heavy = Object.keys(outputs.get(name).inputs).find(path => NEVER_IN_WIDGET.test(path));
    if (heavy) {
      throw new Error(`widget.js would have ${heavy} in it: import() what needs it.`);
    }
  }
}

/** Put what is wanted at once into one module, and into the table of the page. */
async function joined(texts, names, page, needs) {
  const chunks = names.filter(name => name !== 'widget.js');
  const entry = [
    `import make, { load } from './widget.js';`,
    ...chunks.map((name, i) => `import * as chunk${i} from './${name}';`),
    // A second widget of the page takes what the first one brought.
    `const page = ${page} ??= {`,
    `  make, modules: { ${chunks.map((name, i) => `'${name}': chunk${i}`).join(', ')} },`,
    `  load: name => load(name, page.modules, ${JSON.stringify(needs)})`,
    `};`,
    `export default () => page.make();`
  ].join('\n');
  const result = await build({
    bundle: true,
    format: 'esm',
    legalComments: 'none',
    minify: shared.minify,
    plugins: [
      {
        name: 'chunks',
        setup(bundling) {
          bundling.onResolve({ filter: /^\.\// }, ({ path, kind }) =>
            kind === 'dynamic-import' ? { path, external: true } : { path, namespace: 'chunk' }
          );
          bundling.onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path }) => ({
            contents: texts.get(basename(path))
          }));
        }
      }
    ],
    stdin: { contents: entry, resolveDir: process.cwd() },
    target: shared.target,
    write: false
  });
  return result.outputFiles[0].text;
}

/** Let a script take its imports from the table of the page. */
function linkedLater(text, imported, page, asked = imported) {
  for (const name of imported) {
    const from = `"./${name.replaceAll('.', '\\.')}"`;
    text = text
      .replace(new RegExp(`import\\s*\\{([^}]*)\\}\\s*from\\s*${from};?`, 'g'), (_, names) => {
        const taken = names.replace(/\s+as\s+/g, ': ');
        return `const {${taken}} = ${page}.modules["${name}"];`;
      })
      .replace(new RegExp(`import\\s*${from};?`, 'g'), '');
  }
  for (const name of asked) {
    text = text.replaceAll(`import("./${name}")`, `${page}.load("${name}")`);
  }
  const left = [...imported, ...asked].find(name => text.includes(`"./${name}"`));
  if (left) {
    throw new Error(`The import of ${left} was not understood.`);
  }
  return text;
}
