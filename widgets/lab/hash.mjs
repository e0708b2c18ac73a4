/**
 * Is the built extension that of these sources?
 *
 *     node hash.mjs            exits with 1 if not
 *     node hash.mjs --write    after a build
 *
 * Two builds of the same sources differ in their names, so the sources are what is compared.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const noted = join(here, '../../jupyter_ext/labextension/source_hash.txt');
const folders = ['schema', 'src', 'style'];
const files = ['install.json', 'package.json', 'package-lock.json', 'tsconfig.json'];

for (const folder of folders) {
    for (const name of readdirSync(join(here, folder)).sort()) {
        files.push(`${folder}/${name}`);
    }
}
const hash = createHash('sha256');
for (const file of files) {
    hash.update(`${file}\0${readFileSync(join(here, file), 'utf8').replaceAll('\r\n', '\n')}\0`);
}
const now = hash.digest('hex');

if (process.argv.includes('--write')) {
    writeFileSync(noted, `${now}\n`);
} else if (!existsSync(noted) || readFileSync(noted, 'utf8').trim() !== now) {
    console.error('jupyter_ext/labextension is not built from these sources: npm run build');
    process.exitCode = 1;
}
