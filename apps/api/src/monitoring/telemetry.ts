import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The server's own metrics for Prometheus: throughput, batching, refusals and latency of the ingest. */
export class Telemetry {
  readonly registry = new Registry();
  #requests = this.#counter('robowatch_ingest_requests_total', 'Metrics requests, by HTTP status.', ['status']);
  #lines = this.#counter('robowatch_ingest_lines_total', 'Lines stored.');
  #refusals = this.#counter('robowatch_ingest_refused_lines_total', 'Lines refused, by reason.', ['reason']);
  #deliveries = this.#counter(
    'robowatch_alert_deliveries_total',
    'Alert notifications, by kind of channel and outcome.',
    ['kind', 'outcome'],
  );
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

  #evaluations = this.#histogram(
    'robowatch_alert_evaluation_seconds',
    'Duration of one evaluation of all rules.',
    SECONDS,
  );
  #rules = this.#number('robowatch_alert_rules', 'Rules in the last evaluation.');
  #judged = this.#counter('robowatch_alert_judged_total', 'Robots judged, once for each rule.');
  #readFailures = this.#counter(
    'robowatch_alert_read_failures_total',
    'Reads for rules that failed: what they would tell is unknown.',
  );
  #news = this.#counter('robowatch_alert_news_total', 'What there was to tell, by kind.', ['kind']);
  #reports = { served: 0, unserved: 0 };

  /** @param ofProcess whether to measure the process, too: memory, garbage collection, delays of the event loop */
  constructor({ ofProcess }: { ofProcess: boolean }) {
    // Measuring delays wakes the processor a hundred times a second.
    if (ofProcess) collectDefaultMetrics({ register: this.registry });
  }

  request(status: number, seconds: number): void {
    this.#requests.inc({ status: String(status) });
    this.#reports[status === 503 ? 'unserved' : 'served']++;
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

  /** @param outcome what became of a message to this kind of channel; counts the alerts in it */
  delivery(kind: string, outcome: string, alerts: number): void {
    this.#deliveries.inc({ kind, outcome }, alerts);
  }

  /** Read whenever the metrics are; they are left as they were while the database is away. */
  watchNotifications(read: () => Promise<{ waiting: number; oldestSeconds: number }>): void {
    this.#asyncGauge('robowatch_alert_waiting', 'Alert notifications waiting to be sent, of all replicas.', () =>
      read().then(({ waiting }) => waiting),
    );
    this.#asyncGauge(
      'robowatch_alert_oldest_waiting_seconds',
      'Age of the alert notification that waits longest; quiet hours included.',
      () => read().then(({ oldestSeconds }) => oldestSeconds),
    );
  }

  /** Reports since the last call: answered, and turned away because the server could not keep them. */
  takeReports(): { served: number; unserved: number } {
    const taken = this.#reports;
    this.#reports = { served: 0, unserved: 0 };
    return taken;
  }

  evaluated(result: {
    seconds: number;
    rules: number;
    judged: number;
    failures: number;
    news: Record<string, number>;
  }): void {
    this.#evaluations.observe(result.seconds);
    this.#rules.set(result.rules);
    this.#judged.inc(result.judged);
    this.#readFailures.inc(result.failures);
    for (const [kind, count] of Object.entries(result.news)) this.#news.inc({ kind }, count);
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

  #number(name: string, help: string) {
    return new Gauge({ name, help, registers: [this.registry], aggregator: 'max' });
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }

  #asyncGauge(name: string, help: string, read: () => Promise<number>): void {
    const collect = () =>
      read().then(
        (value) => gauge.set(value),
        () => {},
      );
    // Of the whole cluster: every worker reads the same.
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect, aggregator: 'max' });
  }
}
