import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { TaglensClient } from '../../../cli/client.ts';

const http = createServer();
const sockets = new WebSocketServer({ server: http, path: '/graphql', handleProtocols: () => 'graphql-transport-ws' });
let url = '';

interface Message {
  type: string;
  id: string;
  payload: { variables: Record<string, unknown> } & Record<string, unknown>;
}

beforeEach(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterEach(async () => {
  sockets.removeAllListeners('connection');
  http.removeAllListeners('request');
  for (const socket of sockets.clients) socket.terminate();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

test('resumes after the last event when the socket drops', async () => {
  const seen: unknown[] = [];
  sockets.on('connection', (socket) => {
    socket.on('message', (raw: Buffer) => {
      const { type, id, payload } = JSON.parse(raw.toString()) as Message;
      const send = (message: object): void => socket.send(JSON.stringify(message));
      const event = (eventId: string): void => send({ type: 'next', id, payload: { data: { ticked: { eventId } } } });
      if (type === 'connection_init') {
        expect(payload['authorization']).toBe('Bearer tl_key');
        send({ type: 'connection_ack' });
      }
      if (type !== 'subscribe') return;
      seen.push(payload.variables['after']);
      if (seen.length === 1) {
        event('1');
        setTimeout(() => socket.terminate(), 50);
      } else {
        event('2');
        send({ type: 'complete', id });
      }
    });
  });
  const client = new TaglensClient(url, 'tl_key');
  const events: string[] = [];
  const options = { retryDelayMs: 10 };
  for await (const { eventId } of client.subscribe('subscription { ticked { eventId } }', 'ticked', {}, options)) {
    events.push(eventId);
  }
  expect(events).toEqual(['1', '2']);
  expect(seen).toEqual([undefined, '1']);
});

test('turns GraphQL errors into readable messages', async () => {
  http.on('request', (_request, response) => {
    if (response.headersSent) return;
    response.end(JSON.stringify({ errors: [{ message: 'No such project', path: ['project', 'tags'] }] }));
  });
  const client = new TaglensClient(url, 'tl_key');
  await expect(client.request('{ project { id } }')).rejects.toThrow('No such project (at project.tags)');
});

test('says so when nobody answers', async () => {
  const client = new TaglensClient('http://127.0.0.1:1', 'tl_key');
  await expect(client.request('{ domains { id } }')).rejects.toThrow('Cannot reach http://127.0.0.1:1');
});
