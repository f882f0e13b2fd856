import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

/**
 * Creates a private CA and a certificate signed by it for an IPv4 address, valid for a day, as files in `dir`, with
 * openssl.
 */
export async function makeCertificates(dir: string, address = '127.0.0.1') {
  await mkdir(dir, { recursive: true });
  const [caFile, caKey, key, request, cert, names] = ['ca.crt', 'ca.key', 'key', 'csr', 'crt', 'names'].map((name) =>
    join(dir, name),
  ) as [string, string, string, string, string, string];
  const openssl = (...args: string[]) => runCommand('openssl', args, { missing: 'openssl is not installed.' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl('req', '-x509', ...newKey, '-days', '1', '-subj', '/CN=Lab CA', '-keyout', caKey, '-out', caFile);
  await openssl('req', ...newKey, '-subj', `/CN=${address}`, '-keyout', key, '-out', request);
  await writeFile(names, `subjectAltName=IP:${address}\n`);
  const by = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial'];
  await openssl('x509', '-req', '-in', request, ...by, '-days', '1', '-extfile', names, '-out', cert);
  return {
    caFile,
    keyFile: key,
    certFile: cert,
    ca: await readFile(caFile, 'utf8'),
    key: await readFile(key),
    cert: await readFile(cert),
  };
}
