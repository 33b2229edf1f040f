// Serves the methods of these tests with jayson's server, which takes batches up to a length if one is given. The first
// line of its output is the port, every further one the text of a note.
'use strict';

const jayson = require('jayson');

const overdrawn = {
  code: 4711,
  message: 'the account does not have that much',
  data: { missing: 12, currency: '€' },
};

// Params come as they were sent.
const values = (params, ...names) => (Array.isArray(params) ? params : names.map((name) => params[name]));

const server = new jayson.Server(
  {
    subtract(params, callback) {
      const [minuend, subtrahend] = values(params, 'minuend', 'subtrahend');
      if (!Number.isInteger(minuend) || !Number.isInteger(subtrahend)) {
        callback(this.error(jayson.Server.errors.INVALID_PARAMS));
        return;
      }
      callback(null, minuend - subtrahend);
    },
    overdraw: (_, callback) => callback(overdrawn),
    nothing: (_, callback) => callback(null, null),
    note(params, callback) {
      console.log(values(params, 'text')[0]);
      callback(null, true);
    },
  },
  { maxBatchLength: Number(process.argv[2] ?? Infinity) },
).http();

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
