import { readFile } from 'node:fs/promises';

// Resident memory of a process, in MiB (proc(5), VmRSS).
export async function residentMiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
}
