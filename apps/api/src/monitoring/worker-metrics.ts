import { AggregatorRegistry, Counter, type Registry } from 'prom-client';

/** In a worker: lets the supervisor read its metrics; until there are any, none. */
export function shareMetrics(...registries: Registry[]): void {
  AggregatorRegistry.setRegistries(registries);
  new AggregatorRegistry();
}

/** The metrics of all workers, as sums where a sum says something, and how often one was replaced. */
export class WorkerMetrics {
  #registry = new AggregatorRegistry();
  readonly contentType = this.#registry.contentType;

  constructor(pool: { restarts: number }) {
    const counter: Counter = new Counter({
      name: 'robowatch_worker_restarts_total',
      help: 'Processes that ended unexpectedly, or no longer answered, and were replaced.',
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        counter.inc(pool.restarts);
      },
    });
  }

  /** @throws Error when a worker does not answer in time: one that is just ending or starting */
  async metrics(): Promise<string> {
    const ofWorkers = await this.#registry.clusterMetrics();
    return `${ofWorkers}\n${await this.#registry.metrics()}`;
  }
}
