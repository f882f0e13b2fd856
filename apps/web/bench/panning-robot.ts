import { gzipSync } from 'node:zlib';

const BODY_SECONDS = 300;

/**
 * Writes what a robot with four cores would have reported every second until now: seven charts with noisy lines, which
 * are the hardest to draw.
 */
export async function writeHistory(url: string, token: string, seconds: number): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const report = makeReport();
  for (let from = now - seconds; from < now; from += BODY_SECONDS) {
    const times = Array.from({ length: Math.min(BODY_SECONDS, now - from) }, (_, i) => from + i);
    const reply = await fetch(`${url}/api/metrics?precision=s`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' },
      body: gzipSync(times.flatMap(report).join('\n')),
    });
    if (reply.status !== 204) throw new Error(await reply.text());
  }
}

function makeReport() {
  const walks = new Map<string, number>();
  /** A noisy random walk between 0 and 1. */
  const wander = (name: string) => {
    const next = Math.min(1, Math.max(0, (walks.get(name) ?? 0.4) + (Math.random() - 0.5) * 0.02));
    walks.set(name, next);
    return next * 0.8 + Math.random() * 0.2;
  };
  const sums = new Map<string, number>();
  const counter = (name: string) => {
    const next = (sums.get(name) ?? 0) + Math.round(wander(name) * 1e6);
    sums.set(name, next);
    return next;
  };
  const cpu = (name: string) => {
    const busy = wander(name) * 90;
    return `cpu,cpu=${name} usage_idle=${100 - busy},usage_user=${busy * 0.7},usage_system=${busy * 0.3}`;
  };
  return (time: number) =>
    [
      ...['cpu-total', 'cpu0', 'cpu1', 'cpu2', 'cpu3'].map(cpu),
      `mem used_percent=${wander('mem') * 100}`,
      `disk,path=/ used_percent=${wander('disk') * 100}`,
      `temp,sensor=soc temp=${35 + wander('temp') * 40}`,
      `system load1=${wander('load1') * 4},load5=${wander('load5') * 4},load15=${wander('load15') * 4}`,
      `net,interface=eth0 bytes_recv=${counter('recv')}i,bytes_sent=${counter('sent')}i`,
    ].map((line) => `${line} ${time}`);
}
