// scenario.json, and what its tests make of it.
import { readFileSync } from 'node:fs';
import { serverFlag } from '../integration/lib/flag_server.js';

const FLAG_VERSION = 3;

export const scenario = JSON.parse(readFileSync(new URL('scenario.json', import.meta.url), 'utf8'));

export const scenarioFlags = () => Object.fromEntries(Object.entries(scenario.flags).map(([key, fields]) => [key, serverFlag(key, { ...fields, version: FLAG_VERSION })]));

// Without those that the SDK cannot do.
export const stepsOf = (sdk) => scenario.steps.filter(({ needs }) => !needs || (needs === 'users') === Boolean(sdk.users));
