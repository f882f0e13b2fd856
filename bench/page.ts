const MEASUREMENTS = ['cpu', 'mem', 'disk', 'net', 'temp', 'system'];
/** As the web app chooses them. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const MAX_POINTS = 720;

export interface Page {
  ms: number;
  values: number;
}

/** What the page of a robot asks for, in parallel. */
export async function readPage(url: string, accessToken: string, robotId: number, days: number): Promise<Page> {
  const to = Date.now();
  const from = to - days * 86_400_000;
  const every = STEPS_S.find((step) => (days * 86_400) / step <= MAX_POINTS);
  const range = new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    every: `${every}s`,
  });
  const started = performance.now();
  const replies = await Promise.all(
    MEASUREMENTS.map(async (measurement) => {
      const fn = measurement === 'net' ? '&fn=last&times=sample' : '';
      const reply = await fetch(`${url}/api/robots/${robotId}/metrics/${measurement}?${range}${fn}`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      if (!reply.ok) throw new Error(`${measurement}: ${reply.status} ${await reply.text()}`);
      return (await reply.json()) as { series: { points: unknown[] }[] };
    }),
  );
  const ms = performance.now() - started;
  return { ms, values: replies.flatMap(({ series }) => series).reduce((sum, { points }) => sum + points.length, 0) };
}
