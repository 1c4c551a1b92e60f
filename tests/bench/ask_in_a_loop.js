// Asks for one address again and again from so many connections, until it is told to stop; then says how often it was answered.
import { Agent, get } from 'node:http';

const [, , address, clients] = process.argv;
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) });
let answers = 0, stopping = false;

function ask() {
  if (stopping) return;
  get(address, { agent }, (response) => {
    response.resume().on('end', () => {
      ++answers;
      ask();
    });
  }).on('error', (error) => {
    if (!stopping) throw error;
  });
}
for (let i = 0; i < Number(clients); ++i) ask();
process.send('asking');
process.once('message', () => {
  stopping = true;
  process.send({ answers }, () => process.exit());
});
