// Builds jupyter_ext/static/inline.js, and a hash of all sources beside it: two builds need not
// be equal byte for byte, so freshness is told by what they were made from.
//
//     node build.mjs            build             node build.mjs --watch   and again at each change
//     node build.mjs --check    fail if the built file is not from these sources

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, context } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '..', 'jupyter_ext', 'static');
const hashFile = join(target, 'source_hash.txt');
/** Gzipped bytes that the widget may have. */
const BUDGET = 120 * 1024;

/** `engine:code`: the layout engine as one function, whose text is also the worker's program. */
const engine = {
    name: 'engine',
    setup(plugin) {
        plugin.onResolve({ filter: /^engine:code$/ }, () => ({
            path: 'engine',
            namespace: 'engine',
        }));
        plugin.onLoad({ filter: /.*/, namespace: 'engine' }, async () => {
            const made = await build({
                entryPoints: [join(here, 'src/layout/engine.ts')],
                bundle: true,
                write: false,
                format: 'iife',
                globalName: 'engine',
                minify: true,
                target: 'es2022',
                metafile: true,
            });
            const program = made.outputFiles[0].text;
            return {
                contents: `export function makeEngine() { ${program}\n return engine; }`,
                watchFiles: Object.keys(made.metafile.inputs).map(file => join(here, file)),
            };
        });
    },
};

export const options = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    loader: { '.css': 'text' },
    plugins: [engine],
    absWorkingDir: here,
};

const inline = {
    ...options,
    entryPoints: [join(here, 'src/inline/index.ts')],
    outfile: join(target, 'inline.js'),
};

/** All files that the built one depends on, in a fixed order. */
async function sources() {
    const files = ['package.json', 'package-lock.json', 'build.mjs', 'tsconfig.json'];
    for (const entry of await readdir(join(here, 'src'), {
        recursive: true,
        withFileTypes: true,
    })) {
        const path = relative(here, join(entry.parentPath, entry.name)).split(sep).join('/');
        if (entry.isFile() && !path.startsWith('src/lab/')) files.push(path);
    }
    return files.sort();
}

async function sourceHash() {
    const hash = createHash('sha256');
    for (const file of await sources()) {
        hash.update(`${file}\0`);
        hash.update((await readFile(join(here, file), 'utf8')).replaceAll('\r\n', '\n'));
    }
    return hash.digest('hex');
}

async function main(flag) {
    if (flag === '--check') {
        const known = await readFile(hashFile, 'utf8').catch(() => '');
        if (known.trim() === (await sourceHash())) return;
        console.error('jupyter_ext/static/inline.js is not made from these sources: npm run build');
        process.exitCode = 1;
        return;
    }
    if (flag === '--watch') {
        await (await context(inline)).watch();
        return;
    }
    await mkdir(target, { recursive: true });
    await build(inline);
    await writeFile(hashFile, `${await sourceHash()}\n`);
    const size = gzipSync(await readFile(inline.outfile), { level: 9 }).length;
    console.log(`inline.js: ${(size / 1024).toFixed(1)} KiB gzipped, of ${BUDGET / 1024}`);
    if (size > BUDGET) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
