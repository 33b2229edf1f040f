// Calls the service at a URL with jayson's client. Each line of its input says in JSON what to send; each line of its
// output says what came of it.
'use strict';

const readline = require('node:readline');
const jayson = require('jayson');

const [url, token] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const headers = token ? { 'X-Api-Token': token } : {};
const client = jayson.Client.http({ hostname, port, path: pathname, headers });

// An id of null makes jayson send a notification, none at all has it choose one.
const id = ({ notification }) => (notification ? null : undefined);

function send({ batch, requests }, callback) {
  if (batch) {
    return client.request(requests.map((r) => client.request(r.method, r.params, id(r))), callback);
  }
  const [{ method, params, notification }] = requests;
  return [client.request(method, params, id({ notification }), callback)];
}

async function run(order) {
  return new Promise((resolve) => {
    const sent = send(order, (failure, reply) => {
      if (failure) {
        resolve({ broken: failure.message });
        return;
      }
      const replies = [reply ?? []].flat();
      const answerTo = (request) => replies.find((r) => r.id === request.id || r.id === null);
      resolve({ outcomes: sent.map((request) => ('id' in request ? answerTo(request) : {})) });
    });
  });
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await run(JSON.parse(line))));
  }
})();
