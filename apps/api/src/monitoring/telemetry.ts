import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The server's own metrics for Prometheus: throughput, batching, refusals and latency of the ingest. */
export class Telemetry {
  readonly registry = new Registry();
  #requests = this.#counter('robowatch_ingest_requests_total', 'Metrics requests, by HTTP status.', ['status']);
  #lines = this.#counter('robowatch_ingest_lines_total', 'Lines stored.');
  #refusals = this.#counter('robowatch_ingest_refused_lines_total', 'Lines refused, by reason.', ['reason']);
  #duration = this.#histogram('robowatch_ingest_request_seconds', 'Time from the first byte to the answer.', SECONDS);
  #waiting = this.#histogram(
    'robowatch_ingest_waiting_seconds',
    'Time a body waits for its batch to be sent.',
    SECONDS,
  );
  #upstream = this.#histogram('robowatch_store_write_seconds', 'Duration of one write to the store.', SECONDS);
  #batchLines = this.#histogram(
    'robowatch_ingest_batch_lines',
    'Lines per write to the store.',
    [1, 10, 50, 100, 500, 1000, 5000],
  );
  #batchBodies = this.#histogram(
    'robowatch_ingest_batch_bodies',
    'Bodies per write to the store.',
    [1, 2, 5, 10, 50, 100, 500],
  );

  /** @param ofProcess whether to measure the process, too: memory, garbage collection, delays of the event loop */
  constructor({ ofProcess }: { ofProcess: boolean }) {
    // Measuring delays wakes the processor a hundred times a second.
    if (ofProcess) collectDefaultMetrics({ register: this.registry });
  }

  request(status: number, seconds: number): void {
    this.#requests.inc({ status: String(status) });
    this.#duration.observe(seconds);
  }

  batch(bodies: { waitedMs: number; lines: number }[]): void {
    const lines = bodies.reduce((sum, body) => sum + body.lines, 0);
    this.#batchLines.observe(lines);
    this.#batchBodies.observe(bodies.length);
    for (const { waitedMs } of bodies) this.#waiting.observe(waitedMs / 1000);
  }

  stored(lines: number): void {
    this.#lines.inc(lines);
  }

  /** @param ms how long the store took for one write */
  upstream(ms: number): void {
    this.#upstream.observe(ms / 1000);
  }

  refused(reason: string, lines: number): void {
    this.#refusals.inc({ reason }, lines);
  }

  watchIngest(read: () => { pendingBytes: number; inFlight: number }): void {
    this.#gauge('robowatch_ingest_pending_bytes', 'Bytes of lines waiting for the store.', () => read().pendingBytes);
    this.#gauge('robowatch_ingest_writes_in_flight', 'Writes to the store under way.', () => read().inFlight);
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[] = []) {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]) {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }
}
