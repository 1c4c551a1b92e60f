// One attacker in a process of its own, so that what it does costs the victim's clock nothing: node attacker.js '<JSON>'.
// `port`; `addresses`: where its connections come from, in turn; `connections`; `head`: what each sends first; `bodyBytes`:
// how much follows; `trickleBytes`: what each then sends ten times a second; `again`: open another one for each that is
// closed; `answered`: what is sent for each answer; `unread`: what comes is left in the socket. Prints "attacking" once all were tried; ends with its standard input.
import { connect } from 'node:net';

const { port, addresses, connections, head = '', bodyBytes = 0, trickleBytes = 0, again = true, answered = '', unread = false } = JSON.parse(process.argv[2]);
const BURST = 64; // connections that are opened at a time
const AGAIN_MS = 100;
const open = new Set();
let tried = 0;

function attack(done) {
  const socket = connect({ port, host: '127.0.0.1', localAddress: addresses[tried++ % addresses.length] });
  let connected = false;
  const finish = () => {
    if (!connected) done();
    connected = true;
  };
  socket.on('connect', () => {
    open.add(socket);
    if (head) socket.write(head);
    if (bodyBytes) socket.write('x'.repeat(bodyBytes));
    finish();
  });
  socket.on('error', finish);
  socket.on('close', () => {
    open.delete(socket);
    finish();
    if (again) setTimeout(attack, AGAIN_MS, () => {});
  });
  if (answered) socket.setEncoding('latin1').on('data', (text) => socket.write(answered.repeat(text.split('HTTP/1.1 ').length - 1)));
  else if (!unread) socket.resume();
}

let left = connections;
function next() {
  if (left-- > 0) attack(next);
  else if (left === -BURST) console.log('attacking');
}
for (let i = 0; i < BURST; ++i) next();
if (trickleBytes) {
  setInterval(() => {
    for (const socket of open) if (socket.writable && socket.writableLength === 0) socket.write('x'.repeat(trickleBytes));
  }, 100);
}
process.stdin.resume().on('end', () => process.exit());
