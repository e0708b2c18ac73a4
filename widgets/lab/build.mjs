// Builds jupyter_ext/labextension: this package and the renderer as one module, of which
// the builder of JupyterLab makes what JupyterLab loads.  A hash of all sources lies beside it: two builds
// of the same sources differ in their names.  The version is that of the Python package; it is no source,
// so that who raises it is told just that.
//
//     node build.mjs            build
//     node build.mjs --check    fail if what is built is not from these sources, or of another version

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
    copyFileSync,
    existsSync,
    readdirSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../../jupyter_ext/labextension');
const hashFile = join(target, 'source_hash.txt');
/** What JupyterLab reads the version from, and its registry of settings. */
const VERSIONED = ['package.json', 'schemas/autograd-core/package.json.orig'];

function sources() {
    const files = ['install.json', 'package.json', 'package-lock.json', 'build.mjs'];
    files.push('tsconfig.json', '../build.mjs', '../package-lock.json', '../tsconfig.json');
    for (const folder of ['schema', 'src', 'style', '../src']) {
        for (const entry of readdirSync(join(here, folder), { recursive: true })) {
            const path = `${folder}/${entry.replaceAll('\\', '/')}`;
            if (/\.\w+$/.test(path)) files.push(path);
        }
    }
    return files.sort();
}

function sourceHash() {
    const hash = createHash('sha256');
    for (const file of sources()) {
        hash.update(
            `${file}\0${readFileSync(join(here, file), 'utf8').replaceAll('\r\n', '\n')}\0`,
        );
    }
    return hash.digest('hex');
}

/** The version of the Python package. */
function version() {
    const text = readFileSync(join(here, '../../autograd_core/_version.py'), 'utf8');
    return /^__version__ = "(.+)"/m.exec(text)[1];
}

function setVersion() {
    for (const file of VERSIONED) {
        const path = join(target, file);
        const content = { ...JSON.parse(readFileSync(path, 'utf8')), version: version() };
        writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
    }
}

/** What is wrong with what is built; nothing if all is well. */
function complaint() {
    if (!existsSync(hashFile)) return 'is not there';
    if (readFileSync(hashFile, 'utf8').trim() !== sourceHash())
        return 'is not made from these sources';
    const built = JSON.parse(readFileSync(join(target, VERSIONED[0]), 'utf8')).version;
    return built === version() ? '' : `is of version ${built}, but autograd_core of ${version()}`;
}

async function bundle() {
    const { build } = await import('../node_modules/esbuild/lib/main.js');
    const { options } = await import('../build.mjs');
    const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
    await build({
        ...options,
        absWorkingDir: here,
        entryPoints: ['src/index.ts'],
        outfile: 'lib/index.js',
        external: Object.keys(dependencies),
        loader: { ...options.loader, '.svg': 'text' },
    });
}

/** What JupyterLab shares with extensions, in the versions that package.json takes. */
function acceptOlder(file) {
    const core = JSON.parse(readFileSync(join(here, file), 'utf8'));
    const { dependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
    for (const table of [core.dependencies, core.resolutions]) {
        for (const name of Object.keys(table ?? {}))
            table[name] = dependencies[name] ?? table[name];
    }
    const made = 'lib/core.package.json';
    writeFileSync(join(here, made), JSON.stringify(core));
    return made;
}

if (process.argv[2] === '--check') {
    const wrong = complaint();
    if (wrong) {
        console.error(`jupyter_ext/labextension ${wrong}: npm run build`);
        process.exitCode = 1;
    }
} else {
    await bundle();
    rmSync(target, { recursive: true, force: true });
    const core = acceptOlder('node_modules/@jupyterlab/core-meta/core.package.json');
    const builder = 'node_modules/@jupyter/builder/lib/build-labextension.js';
    const args = [builder, '--core-package-file', core, '.'];
    execFileSync(process.execPath, args, { cwd: here, stdio: 'inherit' });
    setVersion();
    copyFileSync(join(here, 'install.json'), join(target, 'install.json'));
    writeFileSync(hashFile, `${sourceHash()}\n`);
}
