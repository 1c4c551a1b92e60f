import { fileURLToPath } from 'node:url';
import path from 'node:path';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const integrationFolder = path.join(repository, 'tests/integration');
const binaries = process.env.SLUICE_BINARIES ?? path.join(repository, 'build/release');
export const sluiceBinary = path.join(binaries, 'sluice');
export const kinesimBinary = path.join(binaries, 'kinesim');
