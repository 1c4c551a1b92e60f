// AWS Lambda's runtime clients and the Python of the recipes: what each needs, and how it is set up under build/consume.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { filledOnce, missing, pythonMissing, pythonOf, run } from '../conformance/toolchains.js';
import { repository } from '../integration/lib/paths.js';
import { recipeFolder } from '../integration/lib/recipes.js';

const here = path.join(repository, 'tests/consume');
const buildFolder = path.join(repository, 'build/consume');

const digestOf = (files) => createHash('sha256').update(files.map((file) => readFileSync(file)).join('\n')).digest('hex').slice(0, 12);

// boto3 and zstandard as the recipe pins them, and awslambdaric; each by its hash.
export const python = {
  missing: pythonMissing,
  prepare() {
    const files = [path.join(recipeFolder('python'), 'requirements.txt'), path.join(here, 'lambda-requirements.txt')];
    return pythonOf(path.join(buildFolder, `python-${digestOf(files)}`), ['--require-hashes', ...files.flatMap((file) => ['-r', file])]);
  },
};

// aws-lambda-ric compiles curl and its own add-on when it is installed: minutes, once.
const nodeFolder = path.dirname(path.dirname(process.execPath));
export const lambdaRic = {
  missing: () => [
    ...['autoreconf', 'libtoolize', 'cmake', 'make', 'g++'].map((tool) => missing(tool, tool, ['--version'])),
    existsSync(path.join(nodeFolder, 'include/node/node_version.h')) ? null : `Node.js's headers are not in ${nodeFolder}/include/node`,
  ].filter(Boolean).join('; ') || null,
  // The command that runs a handler.
  prepare() {
    const folder = filledOnce(path.join(buildFolder, `aws-lambda-ric-${digestOf([path.join(here, 'package-lock.json')])}-node-${process.versions.modules}`), (fresh) => {
      for (const name of ['package.json', 'package-lock.json']) copyFileSync(path.join(here, name), path.join(fresh, name));
      run('npm', ['ci', '--no-audit', '--no-fund', `--nodedir=${nodeFolder}`], { cwd: fresh, maxBuffer: 64 << 20 });
    });
    return [process.execPath, path.join(folder, 'node_modules/aws-lambda-ric/bin/index.mjs')];
  },
};
