/** What a supervisor and its workers tell each other. */
const READY = 'robowatch:ready';
const PONG = 'robowatch:pong';
export const PING = 'robowatch:ping';

export const isReady = (message: unknown) => message === READY;
export const isPong = (message: unknown) => message === PONG;

/** In a worker that serves: says so, and answers from then on whether it still does. */
export function reportReady(): void {
  process.on('message', (message) => {
    if (message === PING) process.send?.(PONG);
  });
  process.send?.(READY);
}
