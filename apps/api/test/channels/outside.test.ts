import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameServer } from '../../../../tools/real/name-server.ts';
import { isOutside } from '../../src/channels/outside/addresses.ts';
import { outsideAgent } from '../../src/channels/outside/outside-agent.ts';
import { outsideUrl } from '../../src/channels/outside/outside-url.ts';
import { resolver } from '../../src/channels/outside/resolve.ts';
import { post } from '../../src/channels/senders/post.ts';

const INSIDE = [
  ...['127.0.0.1', '127.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'],
  ...['0.0.0.0', '0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '0xa.1', '012.0.0.1', '172.16.0.1', '172.31.255.255'],
  ...['192.168.0.1', '192.168.1', '3232235521', '169.254.169.254', '169.254.1.1', '2852039166', '0xa9fea9fe'],
  ...['100.64.0.1', '100.100.100.200', '100.127.255.255', '168.63.129.16', '192.0.0.192', '192.0.2.1', '198.18.0.1'],
  ...['198.51.100.7', '203.0.113.7', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', '127.0.0.1.'],
  ...[
    '１２７.０.０.１',
    '127。0。0。1',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.localhost',
  ],
  ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:0:127.0.0.1]', '[::127.0.0.1]', '[::7f00:1]'],
  ...[
    '[::ffff:10.0.0.1]',
    '[::ffff:169.254.169.254]',
    '[fe80::1]',
    '[febf::1]',
    '[fec0::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
  ],
  ...[
    '[ff02::1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::169.254.169.254]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
  ],
  ...['[2001::1]', '[2001:db8::1]', '[100::1]', '[5f00::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]'],
];

describe('an address that leads inside', () => {
  it('is refused in every notation', () => {
    expect(INSIDE.length).toBeGreaterThan(60);
    for (const host of INSIDE) {
      for (const url of [`http://${host}/`, `https://${host}:8443/hook?x=1`])
        expect(() => outsideUrl(url, []), url).toThrow(/inside/);
    }
  });

  it('is refused with another protocol, a user name, or what is no URL', () => {
    const others = [
      'ftp://a.example',
      'file:///etc/passwd',
      'gopher://a.example',
      'javascript:1',
      'data:,x',
      '//a.example',
    ];
    for (const url of [
      ...others,
      'http://',
      'http://u@a.example',
      'http://u:p@a.example',
      'http://a.example@127.0.0.1/',
    ])
      expect(() => outsideUrl(url, []), url).toThrow();
  });

  it('is told from one of the internet', () => {
    for (const url of [
      'https://hooks.example/a',
      'http://1.1.1.1:8080',
      'https://[2606:4700::1111]/',
      'http://203.0.114.1',
    ])
      expect(outsideUrl(url, []).protocol, url).toMatch(/^https?:$/);
    expect([isOutside('8.8.8.8'), isOutside('nonsense'), isOutside('')]).toEqual([true, false, false]);
  });

  it('is allowed by its name, and no other name by that', () => {
    expect(outsideUrl('http://LOCALHOST.:99/', ['localhost']).port).toBe('99');
    expect(outsideUrl('http://[::1]/', ['::1']).hostname).toBe('[::1]');
    expect(() => outsideUrl('http://127.0.0.1', ['localhost'])).toThrow(/inside/);
    expect(() => outsideUrl('http://a.localhost', ['localhost'])).toThrow(/inside/);
  });
});

describe('a connection', () => {
  let hits = 0;
  const inside = createServer((_request, response) => {
    hits++;
    response.end('the inside');
  });
  const answers = new Map<string, string[]>();
  const dns = nameServer((name) =>
    [answers.get(name)?.shift() ?? answers.get(`${name} last`)?.[0]].flatMap((one) => one ?? []),
  );
  const port = () => (inside.address() as AddressInfo).port;
  beforeAll(async () => {
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
    await dns.start();
  });
  afterAll(() => {
    inside.close();
    dns.stop();
  });
  const call = (host: string, resolve = resolver([dns.address()]), allowedHosts: string[] = []) => {
    const agent = outsideAgent({ allowedHosts, resolve });
    return post(
      agent,
      { url: `http://${host}:${port()}/`, headers: {}, body: '' },
      AbortSignal.timeout(20_000),
    ).finally(() => agent.destroy());
  };

  it('is not made to a name that DNS leads inside', async () => {
    for (const [i, address] of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '0.0.0.0'].entries()) {
      answers.set(`inward-${i}.example last`, [address]);
      await expect(call(`inward-${i}.example`), address).rejects.toMatchObject({ isFinal: true, message: /inside/ });
    }
    expect(dns.asked()).toBeGreaterThan(3);
    expect(hits).toBe(0);
  });

  it('is not made where one of several addresses is inside', async () => {
    await expect(call('both.example', async () => ['203.0.114.1', '127.0.0.1'])).rejects.toThrow(/inside/);
    expect(hits).toBe(0);
  });

  it('is not made to a name that led outside when it was checked', async () => {
    const changing = [['203.0.114.1'], ['127.0.0.1']];
    const resolve = async () => changing.shift() ?? ['127.0.0.1'];
    expect(await resolve()).toEqual(['203.0.114.1']);
    await expect(call('rebinding.example', resolve)).rejects.toMatchObject({ isFinal: true });
    expect(hits).toBe(0);
  });

  it('is not made to an address itself, however it is written', async () => {
    for (const host of ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', '0x7f.1'])
      await expect(call(host), host).rejects.toThrow(/inside/);
    expect(hits).toBe(0);
    expect((await call('127.0.0.1', undefined, ['127.0.0.1'])).text).toBe('the inside');
    expect(hits).toBe(1);
  });

  it('ends when a reply is too long, of which 64 KiB are read', async () => {
    const long = createServer((_request, response) => void response.end('x'.repeat(1_000_000)));
    await new Promise<void>((resolve) => long.listen(0, '127.0.0.1', resolve));
    const agent = outsideAgent({ allowedHosts: ['127.0.0.1'] });
    const url = `http://127.0.0.1:${(long.address() as AddressInfo).port}/`;
    const { status, text } = await post(agent, { url, headers: {}, body: '' }, AbortSignal.timeout(20_000));
    expect(status).toBe(200);
    expect(text.length).toBeLessThanOrEqual(65_536);
    await agent.destroy();
    long.close();
  });
});
