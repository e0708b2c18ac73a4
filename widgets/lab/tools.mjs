// The renderer and the tools that look after the code are those of the folder above.

import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const above = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${above}node_modules`)) execSync('npm ci', { cwd: above, stdio: 'inherit' });
