import { isIP } from 'node:net';

/** Whether text names an address or a network. */
export function isNetwork(text: string): boolean {
  const [address, bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}
