// The SDKs of other languages: which toolchain each needs, how its driver is made ready under build/conformance, and how it is run.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../integration/lib/paths.js';

const here = path.join(repository, 'tests/conformance');
const buildFolder = path.join(repository, 'build/conformance');

export function run(command, args, options = {}) {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options });
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${(error.stderr || error.message).trim().slice(-500)}`);
  }
}

// What is missing to run `command args`, or null.
export function missing(what, command, args, good = () => true) {
  try {
    const said = run(command, args);
    return good(said) ? null : `${what} is needed; here is ${said.trim()}`;
  } catch {
    return `${what} is not installed`;
  }
}

// A folder that all tests share, filled once; it appears when it is complete, as tests run side by side.
export function filledOnce(folder, fill) {
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const fresh = mkdtempSync(`${folder}.`);
  fill(fresh);
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(fresh, { recursive: true });  // another test was faster
  }
  return folder;
}

// A Python whose pip was given `wanted`: packages, or files of requirements.
export function pythonOf(folder, wanted) {
  return path.join(filledOnce(folder, (fresh) => {
    run('python3', ['-m', 'venv', fresh]);
    run(path.join(fresh, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted]);
  }), 'bin/python');
}

export const pythonMissing = () => missing('Python 3 with its venv module', 'python3', ['-c', 'import venv, ensurepip']);

// Runs a script of the folder python with these packages.
function pythonWith(packages, script) {
  return {
    missing: pythonMissing,
    prepare: () => [pythonOf(path.join(buildFolder, packages.join('-').replaceAll('==', '-')), packages), path.join(here, 'python', script)],
  };
}

export const PYTHON_VERSIONS = ['9.17.0', '7.6.1'];

export const python = (version, script = 'drive.py') => ({
  name: `Python server SDK ${version}`,
  users: version.startsWith('7.'),
  ...pythonWith([`launchdarkly-server-sdk==${version}`], script),
});

// six: what the package needs and does not say.
export const deaggregation = { name: 'aws_kinesis_agg 1.2.3', ...pythonWith(['aws_kinesis_agg==1.2.3', 'six==1.17.0'], 'deaggregate.py') };

export const go = {
  name: 'Go server SDK 7.14.6',  // as tests/conformance/go/go.mod says
  missing: () => missing('Go 1.24 or newer', 'go', ['env', 'GOVERSION'], (said) => Number(/^go1\.(\d+)/.exec(said)?.[1]) >= 24),
  prepare() {
    mkdirSync(buildFolder, { recursive: true });
    const binary = path.join(buildFolder, 'go-driver');
    run('go', ['build', '-o', binary, '.'], { cwd: path.join(here, 'go') });
    return [binary];
  },
};

const node = {
  name: 'Node server SDK 9.13.7',  // as tests/integration/package.json says
  missing: () => null,
  prepare: () => [process.execPath, path.join(here, 'node/drive.mjs')],
};

export const toolchains = [node, ...PYTHON_VERSIONS.map((version) => python(version)), go];

// Runs an SDK's driver to its end. `told`: what it reads from standard input.
export function drive([command, ...args], told, { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env, timeout: 60_000 });
    let said = '';
    child.stdout.on('data', (data) => (said += data));
    child.stderr.on('data', (data) => (said += data));
    child.on('error', reject).on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the driver ended with ${code}: ${said}`))));
    child.stdin.end(JSON.stringify(told));
  });
}
