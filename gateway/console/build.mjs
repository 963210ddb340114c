// Bundles the console into a folder that the gateway serves as it is: hashed names below assets/, an index.html without
// inline script or style, and every text file once more as .gz (the gateway does not compress). The folder is made
// beside the old one and then takes its place, so a running gateway never serves half a build.
//
// FIELDLINE_CONSOLE_OUT: where to, absolute; ../../build/console when it is not set.
import { build } from 'esbuild';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, process.env.FIELDLINE_CONSOLE_OUT ?? '../../build/console');
const fresh = `${out}.new`;

// xterm.js writes <style> elements and style attributes as text, which the gateway's policy forbids (the other way would be
// style-src 'unsafe-inline' for the whole console). Four places, counted: another version of it fails here, not at a customer.
const withoutInlineStyle = {
  name: 'xterm-without-inline-style',
  setup(bundle) {
    bundle.onLoad({ filter: /@xterm\/xterm\/lib\/xterm\.mjs$/ }, async ({ path }) => {
      const counts = { element: 0, attribute: 0 };
      const code = (await readFile(path, 'utf8'))
        .replace(/[\w.]+\.createElement\("style"\)/g, () => (counts.element++, 'late_style()'))
        .replace(/(\w+)\.setAttribute\("style",(`[^`]*`)\)/g, (_, element, css) => (counts.attribute++, `${element}.style.cssText=${css}`));
      if (counts.element !== 3 || counts.attribute !== 1)
        throw new Error(`xterm.js sets styles in other places than expected: ${JSON.stringify(counts)}`);
      return {
        contents: `import { late_style } from ${JSON.stringify(join(here, 'src/style/late_style.ts'))};\n${code}`,
        loader: 'js',
      };
    });
  },
};

await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: { main: 'src/main.tsx', join: 'src/join/main.tsx' },
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['chrome105', 'firefox110', 'safari16'],
  minify: true,
  metafile: true,
  plugins: [withoutInlineStyle],
  legalComments: 'none', // licenses.txt has them whole
  outdir: join(fresh, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
});

const url = (path) => `/${path.slice(path.lastIndexOf('assets/'))}`;
await writeFile(join(fresh, 'index.html'), await page('src/main.tsx'));
await mkdir(join(fresh, 'join'), { recursive: true });
await writeFile(join(fresh, 'join/index.html'), await page('src/join/main.tsx')); // for who is invited by a link
const owner = await ownerPage();
await cp(join(here, 'public'), fresh, { recursive: true });
await writeFile(join(fresh, 'evidence-player.html'), await evidencePlayer());
await writeFile(join(fresh, 'licenses.txt'), await licenses([...Object.keys(result.metafile.inputs), ...Object.keys(owner.metafile.inputs)]));

let total = 0;
for (const path of await files(fresh)) {
  if (!/\.(html|js|css|svg|txt|json)$/.test(path)) continue;
  const zipped = gzipSync(await readFile(path), { level: 9 });
  await writeFile(`${path}.gz`, zipped);
  total += zipped.length;
}
await rm(out, { recursive: true, force: true });
await rename(fresh, out);
console.log(`console: ${out}, ${Math.round(total / 1024)} KiB compressed in all`);

// The page that goes into evidence bundles: everything inside, because it is opened from a folder, without network. The gateway
// takes it from here and puts a recording into it.
async function evidencePlayer() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: ['src/evidence/main.ts'],
    bundle: true,
    format: 'iife',
    target: ['chrome105', 'firefox110', 'safari16'],
    minify: true,
    write: false,
    legalComments: 'eof',
    outdir: 'evidence',
    charset: 'utf8',
  });
  const script = outputFiles.find(({ path }) => path.endsWith('.js')).text.replaceAll('</script', '<\\/script').replaceAll('"EVIDENCE"', '"EVI"+"DENCE"');
  const sheets = ['node_modules/asciinema-player/dist/bundle/asciinema-player.css', 'src/evidence/evidence.css'];
  const styles = (await Promise.all(sheets.map((path) => readFile(join(here, path), 'utf8')))).join('\n').replaceAll('</style', '<\\/style');
  return (await readFile(join(here, 'evidence.html'), 'utf8')).replace('/* styles */', () => styles).replace('/* scripts */', () => script);
}

// The page that loads one entry. What the entry imports at once is preloaded, so that the first page needs no chain of requests.
async function page(source) {
  const [path, made] = Object.entries(result.metafile.outputs).find(([, output]) => output.entryPoint === source);
  const preload = made.imports.filter((one) => one.kind === 'import-statement').map((one) => url(one.path));
  const scripts = [
    ...preload.map((href) => `<link rel="modulepreload" href="${href}">`),
    `<script type="module" src="${url(path)}"></script>`,
  ];
  return (await readFile(join(here, 'index.html'), 'utf8'))
    .replace('<!-- styles -->', `<link rel="stylesheet" href="${url(made.cssBundle)}">`)
    .replace('<!-- scripts -->', scripts.join('\n    '));
}

// The owner's page: one script for a phone on a mobile link, nothing of the console in it.
async function ownerPage() {
  const made = await build({
    absWorkingDir: here,
    entryPoints: { owner: 'src/owner/main.tsx' },
    bundle: true,
    format: 'esm',
    target: ['chrome105', 'firefox110', 'safari16'],
    minify: true,
    metafile: true,
    legalComments: 'none',
    outdir: join(fresh, 'assets'),
    entryNames: '[name]-[hash]',
  });
  const names = Object.keys(made.metafile.outputs);
  const named = (end) => url(names.find((name) => name.endsWith(end)));
  const html = (await readFile(join(here, 'owner.html'), 'utf8'))
    .replace('<!-- styles -->', `<link rel="stylesheet" href="${named('.css')}">`)
    .replace('<!-- scripts -->', `<script type="module" src="${named('.js')}"></script>`);
  await mkdir(join(fresh, 'owner'), { recursive: true });
  await writeFile(join(fresh, 'owner', 'index.html'), html);
  return made;
}

async function files(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(entries.map((e) => (e.isDirectory() ? files(join(folder, e.name)) : [join(folder, e.name)])));
  return nested.flat();
}

// The licence texts of every package that has code in the bundle.
async function licenses(inputs) {
  const names = new Set();
  for (const input of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (found) names.add(found[1]);
  }
  const parts = [];
  for (const name of [...names].sort()) {
    const folder = join(here, 'node_modules', name);
    const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt'].map((f) => join(folder, f)).find((f) => existsSync(f));
    parts.push(`${name} ${about.version} (${about.license})\n\n${file ? (await readFile(file, 'utf8')).trim() : ''}\n`);
  }
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
