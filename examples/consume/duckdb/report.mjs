// Reads objects of events into DuckDB, writes them as Parquet, and answers five questions, as JSON. Each question is an .sql file beside this
// one, which DuckDB's own shell runs as well.
//
//   node report.mjs --objects 's3://acme-flag-events/exports/flags/project=web/**/*.ndjson.gz' --experiment new-checkout [--unit user] [--days 30]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

const QUESTIONS = ['evaluations_per_day', 'experiment_exposures', 'unique_contexts', 'error_reasons', 'stale_flags'];

const { values: options } = parseArgs({ options: {
  objects: { type: 'string', multiple: true }, experiment: { type: 'string', default: '' }, unit: { type: 'string', default: 'user' }, days: { type: 'string', default: '30' },
} });
const days = Number(options.days);
if (!options.objects || !Number.isInteger(days)) {
  console.error('Usage: node report.mjs --objects GLOB [--objects GLOB…] [--experiment FLAG] [--unit KIND] [--days N]');
  process.exit(2);
}

const database = await DuckDBInstance.create();
const connection = await database.connect();
const sql = (name) => readFileSync(new URL(`${name}.sql`, import.meta.url), 'utf8');
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

try {
  // Access to S3 is an extension that DuckDB downloads; credentials as for the AWS SDK.
  if (options.objects.some((glob) => glob.startsWith('s3://')))
    await connection.run('INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws; CREATE SECRET (TYPE s3, PROVIDER credential_chain)');
  await connection.run(`SET TimeZone = 'UTC'; SET VARIABLE objects = [${options.objects.map(quoted)}]; SET VARIABLE experiment = ${quoted(options.experiment)};
    SET VARIABLE unit = ${quoted(options.unit)}; SET VARIABLE days = ${days}`);
  await connection.run(sql('load'));
  await connection.run(sql('parquet'));
  const answers = {};
  for (const question of QUESTIONS) answers[question] = (await connection.runAndReadAll(sql(question))).getRowObjectsJson();
  console.log(JSON.stringify(answers, null, 1));
} catch (error) {
  console.error(error.message);  // DuckDB's, which names the file that it cannot read
  process.exitCode = 1;
} finally {
  connection.closeSync();
  database.closeSync();
}
