/** A pairing code's link as a QR code of block characters, for a robot's terminal. */
export async function codeAsQr(publicUrl: string, code: string): Promise<string> {
  const { default: qrcode } = await import('qrcode');
  return qrcode.toString(`${publicUrl}/pair?code=${code}`, { type: 'utf8' });
}
