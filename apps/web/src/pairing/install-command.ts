export interface InstallSource {
  public_url: string;
  /** SHA-256 of the private certificate authority at `/ca.crt`; null if the certificate is publicly trusted. */
  ca_sha256: string | null;
}

/** The command to run on a robot. A private authority is downloaded unverified, then checked against its checksum. */
export function installCommand({ public_url, ca_sha256 }: InstallSource): string {
  if (!ca_sha256) return `curl -fsSL ${public_url}/install.sh | sudo sh`;
  return [
    `curl -fsSLk ${public_url}/ca.crt -o robowatch-ca.crt`,
    `echo "${ca_sha256}  robowatch-ca.crt" | sha256sum -c`,
    `curl -fsSL --cacert robowatch-ca.crt ${public_url}/install.sh | sudo sh -s -- --ca robowatch-ca.crt`,
  ].join(' && ');
}
