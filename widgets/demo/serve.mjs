// Builds the demo and serves it:  npm run demo  then open http://localhost:8123/
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { options } from '../build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript' };

export async function buildDemo() {
    await build({
        ...options,
        entryPoints: [join(here, 'main.ts')],
        outfile: join(here, 'dist/main.js'),
    });
}

/** Serve this folder on a port (0: any that is free); gives the server. */
export function serve(port) {
    const server = createServer((request, response) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        const file = join(here, normalize(path === '/' ? '/index.html' : path));
        readFile(file).then(
            body =>
                response.setHeader('content-type', TYPES[extname(file)] ?? 'text/plain').end(body),
            () => response.writeHead(404).end(),
        );
    });
    return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    await buildDemo();
    await serve(8123);
    console.log('http://localhost:8123/?model=transformer&layers=12');
}
