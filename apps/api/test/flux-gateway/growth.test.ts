import { expect, it } from 'vitest';
import { useGatewayLab } from './gateway-lab.ts';
import { GROWING, USUAL } from './growing-queries.ts';

const lab = useGatewayLab();

it('what would become too large for InfluxDB is refused, and InfluxDB goes on', async () => {
  const { pid } = lab.influx();
  const passed: string[] = [];
  for (const [name, query] of Object.entries(GROWING)) {
    const { status, text } = await lab.ask(lab.people.left, query);
    if (![400, 403].includes(status) || !/"(invalid|forbidden)"/.test(text)) passed.push(`${name}: ${status} ${text}`);
  }
  expect(passed).toEqual([]);
  expect(lab.influx().pid).toBe(pid);
}, 120_000);

it('what people write is not', async () => {
  for (const [name, query] of Object.entries(USUAL)) {
    const { status, text } = await lab.ask(lab.people.left, query);
    expect({ status, error: text.includes('error') && text }, name).toEqual({ status: 200, error: false });
  }
});
