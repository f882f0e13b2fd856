/** The text shown to the owner: the code, a link containing it, and the link as a QR code. */
export async function codeToShow(url: string, code: string, expiresIn: number): Promise<string> {
  const link = new URL(`/pair?code=${code}`, url).href;
  const minutes = Math.round(expiresIn / 60);
  return [
    '',
    `  Pairing code:  ${code.slice(0, 4)} ${code.slice(4)}   (${minutes} minutes)`,
    '',
    `  Enter it in Robowatch, or open ${link}`,
    '',
    await qrCode(link),
  ].join('\n');
}

async function qrCode(link: string) {
  try {
    const { default: qrcode } = await import('qrcode');
    return await qrcode.toString(link, { type: 'terminal', small: true });
  } catch {
    // The QR code is optional.
    return '';
  }
}
